import ResealCore
import ResealSealing
import Testing

@testable import ResealReconciler

/// What is done about a branch for review.
@Suite struct ReviewStepTests {
    private static let pushed = ObjectID(filledWith: 1), pending = ObjectID(filledWith: 2)
    private static let other = ObjectID(filledWith: 3), base = ObjectID(filledWith: 9)

    private static func content(_ values: String...) -> [String: Digest256] {
        Dictionary(uniqueKeysWithValues: values.map { (String($0.prefix(1)), Digest256(hashing: Array($0.utf8))) })
    }

    /// Its values came into Git.
    private static var landed: ReviewProposal {
        var landed = proposal()
        landed.content = [:]
        return landed
    }

    private static func proposal(pending: ObjectID? = nil, pushed: ObjectID? = pushed) -> ReviewProposal {
        ReviewProposal(
            pushed: pushed, pending: pending, base: base, paths: ["manifests/a.yaml"], content: content("a1", "b1"))
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var known: ReviewProposal?
        var wanted = content("a1", "b1")
        var tip: ObjectID?
        var isMerged = false
        var isOnTop = false
        var isFresh = true
        let expected: ReviewProposal.Step
    }

    @Test(arguments: [
        Case(testDescription: "the first", known: nil, expected: .propose(replacing: nil)),
        Case(testDescription: "somebody's branch", known: nil, tip: other, expected: .taken(other)),
        Case(
            testDescription: "somebody's branch that is merged", known: nil, tip: other, isMerged: true,
            expected: .propose(replacing: nil)),
        Case(testDescription: "there", known: proposal(), tip: pushed, isOnTop: true, expected: .wait),
        Case(
            testDescription: "another value", known: proposal(), wanted: content("a2", "b1"), tip: pushed,
            expected: .propose(replacing: pushed)),
        Case(
            testDescription: "a part came in by another way", known: proposal(), wanted: content("a1"), tip: pushed,
            expected: .propose(replacing: pushed)),
        Case(
            testDescription: "its files changed", known: proposal(), tip: pushed, isFresh: false,
            expected: .propose(replacing: pushed)),
        Case(
            testDescription: "people's commits on top", known: proposal(), tip: other, isOnTop: true, expected: .wait),
        Case(
            testDescription: "people's commits on top, and another value", known: proposal(),
            wanted: content("a2", "b1"), tip: other, isOnTop: true, expected: .taken(other)),
        Case(testDescription: "people's commits in its place", known: proposal(), tip: other, expected: .taken(other)),
        Case(
            testDescription: "squashed, and left behind", known: landed, tip: pushed, isOnTop: true,
            expected: .propose(replacing: pushed)),
        Case(testDescription: "squashed, and deleted", known: landed, expected: .propose(replacing: nil)),
        Case(testDescription: "deleted", known: proposal(), expected: .closed),
        Case(testDescription: "a part was turned down", known: proposal(), wanted: content("b1"), expected: .closed),
        Case(
            testDescription: "deleted, and another value", known: proposal(), wanted: content("a1", "b1", "c1"),
            expected: .propose(replacing: nil)),
        Case(
            testDescription: "died before the first push", known: proposal(pending: pending, pushed: nil),
            expected: .propose(replacing: nil)),
        Case(
            testDescription: "died after the first push", known: proposal(pending: pending, pushed: nil), tip: pending,
            isOnTop: true, expected: .wait),
        Case(
            testDescription: "died before amending", known: proposal(pending: pending), tip: pushed,
            expected: .propose(replacing: pushed)),
        Case(
            testDescription: "died after amending", known: proposal(pending: pending), tip: pending, isOnTop: true,
            expected: .wait),
    ]) func step(_ example: Case) {
        let tip = example.tip.map {
            ReviewProposal.Tip(commit: $0, isMerged: example.isMerged, isOnTop: example.isOnTop)
        }
        let step = ReviewProposal.step(example.known, wanted: example.wanted, tip: tip, isFresh: example.isFresh)
        #expect(step == example.expected)
    }

    @Test func isRemembered() throws {
        for proposal in [Self.proposal(), Self.proposal(pending: Self.pending, pushed: nil)] {
            #expect(ReviewProposal(json: proposal.json) == proposal)
        }
        #expect(ReviewProposal(json: [:]) == nil)
        #expect(ReviewProposal(json: ["version": 2]) == nil)
    }
}
