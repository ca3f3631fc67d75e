import TestSupport
import Testing

/// For suites whose asynchronous work has time limits; see ``OwnThreads``.
struct OwnThreadsTrait: SuiteTrait, TestTrait, TestScoping {
    let isRecursive = true

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        try await withTaskExecutorPreference(OwnThreads.shared) { try await function() }
    }
}

extension Trait where Self == OwnThreadsTrait {
    static var ownThreads: Self { Self() }
}
