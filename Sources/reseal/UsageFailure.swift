internal import ArgumentParser
internal import ResealCore

/// A command line that cannot be carried out as it was written.
struct UsageFailure: UserFacingFailure, CustomStringConvertible {
    let message: String
    let hint: String?

    init(_ message: String, hint: String? = nil) {
        self.message = message
        self.hint = hint
    }

    var code: String { "usage" }
}
