/// What is known of an editor: how to switch off the copies that it keeps.
enum EditorHabits: Equatable {
    case vim
    /// A `vi` that is no vim.
    case vi
    case nano
    case emacs
    /// Keeps copies of unsaved text in the user's home, and has no switch for it.
    case hoarder
    case unknown

    private static let hoarders = [
        "code", "code-insiders", "codium", "vscodium", "cursor", "subl", "sublime_text", "atom", "zed", "idea", "gedit",
        "kate", "emacsclient",
    ]

    /// - Parameter program: the path of the editor, with links followed.
    init(of program: String?) {
        let name = (program ?? "").split(separator: "/").last.map { $0.lowercased() } ?? ""
        if name.contains("vim") {
            self = .vim
        } else if ["vi", "nvi", "ex", "elvis", "vile", "busybox"].contains(name) {
            self = .vi
        } else if name.hasSuffix("nano") {
            self = .nano
        } else if Self.hoarders.contains(name) {
            self = .hoarder
        } else if name.hasPrefix("emacs") {
            self = .emacs
        } else {
            self = .unknown
        }
    }

    /// Words in front of the file. Most take effect behind the user's own settings.
    var options: [String] {
        switch self {
        case .vim:
            // No swap file, no viminfo; then no backups, no undo files, and no line break that nobody typed.
            [
                "-n", "-i", "NONE", "--cmd", "set nomodeline", "-c",
                "set nobackup nowritebackup noundofile nofixendofline",
            ]
        case .nano: ["--ignorercfiles", "--nonewlines"]
        case .emacs: ["--eval", Self.emacsSettings]
        case .vi, .hoarder, .unknown: []
        }
    }

    /// Variables for the editor, which may put files into `folder`.
    func variables(_ folder: String) -> [String: String] {
        self == .vi ? ["EXINIT": "set directory=\(folder) recdir=\(folder)"] : [:]
    }

    /// Backups, auto-saved copies and lock files, and what other packages save when emacs ends.
    private static let emacsSettings = """
        (progn (setq make-backup-files nil backup-inhibited t auto-save-default nil auto-save-list-file-prefix nil \
        create-lockfiles nil require-final-newline nil mode-require-final-newline nil kill-emacs-hook nil \
        undo-tree-auto-save-history nil) (dolist (mode '(savehist-mode recentf-mode desktop-save-mode save-place-mode)) \
        (when (fboundp mode) (funcall mode -1))))
        """
}
