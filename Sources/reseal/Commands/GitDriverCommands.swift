internal import ArgumentParser
internal import Glibc
internal import ResealCore
internal import ResealGit
internal import ResealManifests
internal import ResealReconciler

struct GitTextconvCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "textconv",
        abstract: "Print a file with each sealed value as one line, for git diff.",
        discussion: """
            A line such as `<sealed 8f14e45fceea167a #3, 2 recipients: alice, controller>` has the beginning of a hash of \
            the ciphertext, the counter, and those who can open the value. Names come from the Recipients manifest in the \
            manifests' folder of the work tree. Any other file is printed as it is.

            EXAMPLES
              reseal git textconv manifests/prod/orders.yaml
            """)

    @Argument(help: "The file.", completion: .file())
    var file: String

    @Option(help: ArgumentHelp("The manifests' folder in the repository. Default: manifests.", valueName: "dir"))
    var path = "manifests"

    func run() throws {
        let bytes = try AtomicFile.read(file, limit: GitDrivers.maximumBytes)
        // Git starts it in the top folder of the work tree.
        let names = DiffNames.find(in: WorkTree(root: CheckoutResolver.workTreeRoot(".")), folder: path)
        Terminal.write(SealedOutline.text(of: bytes, names: names), to: STDOUT_FILENO)
    }
}

struct GitMergeDriverCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "merge-driver",
        abstract: "Merge one file field by field, for git merge.",
        discussion: """
            Changes of different fields, documents and lines are brought together. Two changes of one field are a \
            conflict with the whole field on either side, never with half a sealed value; only where both sides resealed \
            the same value for the same people is the newer one taken. What is no manifest is merged by lines.

            Exits with 0 when all is merged, with 1 when there are conflicts, and with 129, the file as it was, when it \
            cannot be done.

            EXAMPLES
              reseal git merge-driver -L %L -- %O %A %B %P      # as `reseal git install` sets it
            """)

    @Option(name: .customShort("L"), help: ArgumentHelp("How wide conflict markers are.", valueName: "width"))
    var markerWidth = 7

    @Argument(help: "The file as both sides began with it.", completion: .file())
    var base: String

    @Argument(help: "Our version, which is overwritten with the result.", completion: .file())
    var ours: String

    @Argument(help: "Their version.", completion: .file())
    var theirs: String

    @Argument(help: "The file's path in the repository, for messages.")
    var name: String?

    func validate() throws {
        guard (1...1000).contains(markerWidth) else { throw ValidationError("-L is a number from 1 to 1000") }
    }

    func run() throws {
        do { try merge() } catch let failure as any UserFacingFailure {
            Terminal.note(DiagnosticView.text(failure, Style(descriptor: STDERR_FILENO)))
            // Git takes a status above 128 for a driver that did not do its work, and any other for a conflict.
            throw ExitCode(129)
        }
    }

    private func merge() throws {
        func read(_ path: String) throws -> [UInt8] { try AtomicFile.read(path, limit: GitDrivers.maximumBytes) }
        let sides = ManifestMerge.Sides(base: try read(base), ours: try read(ours), theirs: try read(theirs))
        let place = SafeText.line(name ?? ours)
        switch try FileMerge(markerWidth: markerWidth).run(sides) {
        case .merged(let bytes):
            if bytes != sides.ours { try AtomicFile.write(bytes, to: ours) }
        case .conflicts(let bytes, let conflicts):
            try AtomicFile.write(bytes, to: ours)
            for conflict in conflicts {
                let path = SafeText.line(conflict.path.dropFirst().joined(separator: "."))
                let document = SafeText.line(conflict.path.first ?? "")
                Terminal.note("\(place): both sides changed \(path.isEmpty ? "" : "\(path) of ")\(document)")
            }
            throw ExitCode(ExitStatus.failed.rawValue)
        case .binary:
            Terminal.note("\(place): both sides changed it, and it is no text: our version stays")
            throw ExitCode(ExitStatus.failed.rawValue)
        }
    }
}

private enum GitDrivers {
    /// What Git itself takes for too large to compare.
    static let maximumBytes = 512 << 20
}
