internal import Glibc
internal import ResealCore
internal import ResealReconciler
internal import ResealSealing
internal import ResealVault

/// Edits one thing until the result is good or the person gives up.
struct EditSession {
    /// The longest text that is read back.
    private static let limit = 128 << 20

    let editing: SecretEditing
    let target: SecretEditing.Target
    let editor: Editor
    let folder: PrivateFolder
    /// Values may stand in Git unencrypted without asking.
    let allowsPlain: Bool

    func run() throws {
        var base = try editing.open(target)
        showNotes(base)
        try folder.write(base.text, to: base.name)
        while true {
            let edited = try edit(base)
            do {
                let prepared = try base.prepare(edited, at: WallClock.system.now())
                guard !prepared.isUnchanged else { return Terminal.note("nothing was changed") }
                guard try mayStandInGit(prepared.exposures) else { continue }
                try editing.write(prepared)
                return show(prepared, base)
            } catch let failure as any UserFacingFailure where !(failure is TerminalFailure) {
                try askAgain(failure)
                let isConflict = (failure as? ReconcileFailure)?.kind == .changedMeanwhile
                if isConflict { base = try bringTogether(edited, base) }
            }
        }
    }

    /// Runs the editor once.
    private func edit(_ base: any EditableText) throws -> SecretBytes {
        let environment = Terminal.environment()
        while true {
            let ending = try editor.edit("\(folder.path)/\(base.name)", in: folder.path, environment)
            if ending == .well { return try folder.read(base.name, limit: Self.limit) }
            let how =
                switch ending {
                case .signal(let number): "was ended by signal \(number)"
                case .status(127): "could not be started"
                case .status(let status): "ended with status \(status)"
                case .well: "ended"
                }
            let failure = EditFailure(
                .editor, "the editor \(how); nothing was changed", hint: "VISUAL and EDITOR name the editor to use")
            let left = try? folder.read(base.name, limit: Self.limit)
            guard let left, !left.isEqual(to: base.text) else { throw failure }
            try askAgain(failure)
        }
    }

    /// Puts what the person wrote on top of what is on disk now.
    private func bringTogether(_ mine: SecretBytes, _ base: any EditableText) throws -> any EditableText {
        while true {
            do {
                let present = try editing.open(target)
                let merged = try editing.merge(mine, of: base, with: present)
                try folder.write(merged.text, to: present.name)
                showNotes(present)
                Terminal.note(
                    merged.hasConflicts
                        ? "your text and the new one differ in the same lines: look for `<<<<<<<` and decide"
                        : "your text and the new one were brought together: look at it, and save it again")
                return present
            } catch let failure as any UserFacingFailure {
                // The text stays where it is, whatever is wrong with the file now.
                try askAgain(failure)
            }
        }
    }

    // MARK: Talking

    private func showNotes(_ base: any EditableText) {
        for note in base.notes { Terminal.note(DiagnosticView.text(note, Style(descriptor: STDERR_FILENO))) }
    }

    private func show(_ prepared: PreparedEdit, _ base: any EditableText) {
        for warning in prepared.warnings {
            Terminal.note(DiagnosticView.text(warning, Style(descriptor: STDERR_FILENO)))
        }
        for leaf in prepared.removed { Terminal.note(SafeText.line("removed \(leaf)")) }
        for sealed in prepared.sealed { Terminal.note(SealingView.text(sealed)) }
        Terminal.note(SafeText.line("wrote \(base.path)"))
    }

    /// Shows what is wrong. Returns if the person wants to go on, throws otherwise.
    private func askAgain(_ failure: any UserFacingFailure) throws {
        let question = "Press Enter to go on editing, or type q to give up"
        let answer: SecretBytes
        do throws(TerminalFailure) {
            // Without a terminal, the failure is the answer; it is shown once.
            guard HiddenPrompt.isPossible else { throw TerminalFailure(.missing, question) }
            Terminal.note(DiagnosticView.text(failure, Style(descriptor: STDERR_FILENO)))
            answer = try HiddenPrompt.read(question, isHidden: false)
        } catch {
            throw failure
        }
        guard !["q", "Q", "quit"].contains(answer.revealText()) else {
            throw EditFailure(.givenUp, "given up; nothing was written", hint: "run the command again to begin anew")
        }
    }

    /// False if the person wants to go on editing.
    private func mayStandInGit(_ exposures: [PreparedEdit.Exposure]) throws -> Bool {
        guard !exposures.isEmpty, !allowsPlain else { return true }
        let findings = exposures.map { exposure in
            let what = exposure.kind == .untagged ? "has no tag any more" : "stands here as well"
            return Diagnostic(
                .warning, code: EditFailure.Kind.exposed.rawValue,
                "\(exposure.leaf) \(what), and would be in Git unencrypted", at: exposure.span)
        }
        guard HiddenPrompt.isPossible else {
            throw DiagnosticsFailure(
                findings.map {
                    Diagnostic(
                        code: $0.code, $0.message,
                        hint: "write `!sealed` in front of the value, or allow it with --allow-plain", at: $0.span)
                })
        }
        for finding in findings { Terminal.note(DiagnosticView.text(finding, Style(descriptor: STDERR_FILENO))) }
        let answer = try HiddenPrompt.read(
            "Type plain to let it stand there, or press Enter to go on editing", isHidden: false)
        return answer.revealText() == "plain"
    }
}
