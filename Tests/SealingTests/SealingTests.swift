import Testing
@testable import ResealSealing
@Test func x() throws { #expect(try SystemRandom.bytes(3).count == 3) }
