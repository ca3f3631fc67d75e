internal import Glibc
internal import ResealCore
internal import ResealSealing

/// Answers the one question of `ssh` for the passphrase of a key. It asks by running a program; ours reads a named pipe in
/// a private folder, so the passphrase is in no file, argument or variable.
final class SSHPassphrase {
    private let folder: ScratchFolder
    // Open for reading too, so that writing needs nobody at the other end.
    private let pipe: Descriptor

    init(_ passphrase: SecretBytes) throws(GitFailure) {
        folder = try ScratchFolder()
        let path = "\(folder.path)/passphrase"
        let opened = mkfifo(path, 0o600) == 0 ? open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK) : -1
        guard opened >= 0 else {
            throw GitFailure(.file, "no pipe for the passphrase: \(String(cString: strerror(errno)))")
        }
        pipe = Descriptor(adopting: opened)
        // Servers have questions asked too; they get no answer. A second question finds no pipe.
        let script = """
            #!/bin/sh
            case "$1" in
            "Enter passphrase for key "*) ;;
            *) exit 1 ;;
            esac
            read -r line < "$0.once" && rm "$0.once" && printf '%s\\n' "$line"

            """
        try folder.write(Array(script.utf8), "ask")
        guard chmod(program, 0o700) == 0, rename(path, "\(program).once") == 0 else {
            throw GitFailure(.file, "no program for the passphrase: \(String(cString: strerror(errno)))")
        }
        let line = SecretBytes(count: passphrase.count + 1) { bytes in
            passphrase.withUnsafeBytes { bytes.copyMemory(from: $0) }
            bytes[passphrase.count] = 0x0a
        }
        guard line.withUnsafeBytes({ write(pipe.number, $0.baseAddress, $0.count) }) == line.count else {
            throw GitFailure(.authentication, "the passphrase of the SSH key is too long to be used")
        }
    }

    private var program: String { "\(folder.path)/ask" }

    /// What tells `ssh` to ask here.
    var variables: [String] { ["SSH_ASKPASS=\(program)", "SSH_ASKPASS_REQUIRE=force"] }
}
