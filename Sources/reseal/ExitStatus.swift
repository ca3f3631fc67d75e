internal import ResealCore

/// The one table from outcome to exit code, as `--help` and docs/exit-codes.md print it.
enum ExitStatus: Int32 {
    case ok = 0
    case failed = 1
    case changes = 2
    case guardRefused = 3
    case stale = 4
    case signature = 5
    case decryption = 6
    case locked = 7
    case partial = 8
    case usage = 64

    static let help = """
        EXIT CODES
          0  done, or nothing to do
          1  an error; nothing was changed
          2  the plan has changes (only with --detailed-exitcode)
          3  a guard refused the plan (mass deletion, deletion protection, replay)
          4  the saved plan is stale: commit or vault moved
          5  a signature could not be verified
          6  a value could not be decrypted, or its recipients do not fit
          7  another process holds the lock
          8  applied in part
          64 wrong usage of the command line
        """

    init(for failure: any UserFacingFailure) {
        switch failure.code {
        case "plan.guard-refused": self = .guardRefused
        case "plan.stale": self = .stale
        case "vault.locked", "rekey.locked": self = .locked
        case "usage", "age.usage", "import.usage": self = .usage
        case "value.undecryptable", "plan.no-identity", "age.no-match", "sops.no-match", "sops.mac": self = .decryption
        case let code where code.hasPrefix("trust."): self = .signature
        case "git.tool-missing": self = .signature
        default: self = .failed
        }
    }
}
