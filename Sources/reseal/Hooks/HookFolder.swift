internal import Glibc
internal import ResealCore

/// The folder that git takes a work tree's hooks from.
struct HookFolder {
    enum State: String {
        case installed, absent, foreign
        /// Ours, but with other options or of another version.
        case outdated
    }

    enum Outcome: String { case installed, unchanged, removed, absent }

    let path: String
    /// Other repositories may take their hooks from it as well.
    let isShared: Bool
    private static let limit = 1 << 20

    /// Asks git, which knows `core.hooksPath` of every configuration, and the common folder of linked work trees.
    init(of workTree: String) throws(HookFailure) {
        guard let top = try GitProgram.lines(["rev-parse", "--show-toplevel"], in: workTree).first else {
            throw HookFailure(.git, "\(workTree) is no work tree")
        }
        let places = try GitProgram.lines(["rev-parse", "--git-common-dir", "--git-path", "hooks"], in: top)
        guard places.count == 2 else { throw HookFailure(.git, "git does not say where hooks lie") }
        let (common, hooks) = (Self.absolute(places[0], top), Self.absolute(places[1], top))
        path = hooks
        isShared = ![FileProbe.absolute(top), common].contains { hooks == $0 || hooks.hasPrefix($0 + "/") }
    }

    private static func absolute(_ path: String, _ top: String) -> String {
        FileProbe.absolute(path.hasPrefix("/") ? path : "\(top)/\(path)")
    }

    func file(_ name: HookName) -> String { "\(path)/\(name.rawValue)" }
    func chained(_ name: HookName) -> String { file(name) + HookScript.chainedSuffix }

    // MARK: Looking

    /// - Parameter script: what an installed hook should be; `nil` not to compare.
    func state(_ name: HookName, script: HookScript? = nil) throws -> State {
        guard Self.isPresent(file(name)) else { return .absent }
        guard let text = try content(name) else { return .foreign }
        guard let script else { return .installed }
        return text == Array(script.text.utf8) && access(file(name), X_OK) == 0 ? .installed : .outdated
    }

    /// The text of a hook of ours.
    func content(_ name: HookName) throws -> [UInt8]? {
        guard FileProbe.isFile(file(name)) else { return nil }
        let bytes = try AtomicFile.read(file(name), limit: Self.limit)
        return HookScript.isOurs(bytes) ? bytes : nil
    }

    // MARK: Changing

    /// Another hook of the same name goes on being run, before ours; with `force` it is put aside.
    func install(_ script: HookScript, force: Bool) throws -> Outcome {
        guard !isShared || force else {
            throw HookFailure(
                .shared, "git takes hooks from \(path), which is not this repository's own (core.hooksPath)",
                hint: "--force installs the hook there, for every repository that uses the folder")
        }
        guard mkdir(path, 0o755) == 0 || errno == EEXIST, FileProbe.isFolder(path) else {
            throw HookFailure(
                .file, "\(path) is no folder for hooks",
                hint: "`git config --show-origin core.hooksPath` says who set it")
        }
        let file = file(script.name)
        switch try state(script.name, script: nil) {
        case .foreign: try putAside(script.name, force: force)
        case .installed, .outdated:
            if try state(script.name, script: script) == .installed { return .unchanged }
        case .absent: break
        }
        try AtomicFile.write(Array(script.text.utf8), to: file, mode: 0o755)
        return .installed
    }

    /// By a second name first: at no moment is there no hook. A run that was interrupted behind it finds both names and
    /// goes on.
    private func putAside(_ name: HookName, force: Bool) throws(HookFailure) {
        let (file, chained) = (file(name), chained(name))
        guard !FileProbe.isFolder(file) else { throw HookFailure(.file, "\(file) is a folder") }
        if force {
            guard rename(file, "\(file).replaced-by-reseal") == 0 else { throw Self.refusal("put aside", file) }
        } else if link(file, chained) != 0 {
            guard errno == EEXIST else { throw Self.refusal("keep", file) }
            guard FileProbe.isSame(file, chained) else {
                throw HookFailure(
                    .foreign, "\(file) is not a hook of reseal, and \(chained) is taken",
                    hint: "remove one of the two; --force puts the former aside")
            }
        }
    }

    /// What was there before ours comes back.
    func uninstall(_ name: HookName) throws -> Outcome {
        guard try content(name) != nil else { return .absent }
        let (file, chained) = (file(name), chained(name))
        if Self.isPresent(chained) {
            guard rename(chained, file) == 0 else { throw Self.refusal("bring back", chained) }
        } else {
            guard unlink(file) == 0 else { throw Self.refusal("remove", file) }
        }
        return .removed
    }

    private static func refusal(_ what: String, _ path: String) -> HookFailure {
        HookFailure(.file, "cannot \(what) \(path): \(String(cString: strerror(errno)))")
    }

    /// Also for a link that leads nowhere.
    static func isPresent(_ path: String) -> Bool {
        var info = stat()
        return lstat(path, &info) == 0
    }
}
