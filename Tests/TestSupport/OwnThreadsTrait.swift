package import Testing

/// For suites whose asynchronous work has time limits; see ``OwnThreads``.
package struct OwnThreadsTrait: SuiteTrait, TestTrait, TestScoping {
    package let isRecursive = true

    package func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        try await withTaskExecutorPreference(OwnThreads.shared) { try await function() }
    }
}

extension Trait where Self == OwnThreadsTrait {
    package static var ownThreads: Self { Self() }
}
