import Testing
@testable import ResealCore
@Test func x() { #expect(TimeSpan("90d")?.seconds == 7_776_000) }
