import ResealCore
import ResealGit
import TestSupport
import Testing

@Suite struct HistoryTests {
    @Test func ancestryAgreesWithGit() throws {
        let fixture = try GitFixture()
        var random = SeededRandom(seed: 7)
        var commits = [try fixture.commit("root")]
        let tree = try fixture.id("HEAD^{tree}").description
        for n in 1..<25 {
            let parents = Set(
                (0..<Int.random(in: 1...3, using: &random)).map { _ in commits.randomElement(using: &random)! })
            let arguments = ["commit-tree", tree, "-m", "c\(n)"] + parents.sorted().flatMap { ["-p", $0.description] }
            let made = try Command.check(
                "git", arguments, environment: GitFixture.environment, directory: fixture.path)
            commits.append(try #require(ObjectID(hex: made.text)))
        }
        let repository = try GitRepository(opening: fixture.path)
        for _ in 0..<40 {
            let (a, b) = (commits.randomElement(using: &random)!, commits.randomElement(using: &random)!)
            let result = try Command.run(
                "git", ["merge-base", "--is-ancestor", a.description, b.description],
                environment: GitFixture.environment, directory: fixture.path)
            #expect(try repository.isAncestor(a, of: b) == (result.status == 0))
            let base = try #require(try repository.mergeBase(a, b))
            let all = try fixture.git("merge-base", "--all", a.description, b.description)
            #expect(all.contains(base.description))
        }
    }

    @Test func unrelatedHistoriesHaveNoBase() throws {
        let fixture = try GitFixture()
        let a = try fixture.commit("a")
        try fixture.git("checkout", "--quiet", "--orphan", "other")
        let b = try fixture.commit("b")
        let repository = try GitRepository(opening: fixture.path)
        #expect(try repository.mergeBase(a, b) == nil)
        #expect(try !repository.isAncestor(a, of: b))
        #expect(try repository.isAncestor(a, of: a))
    }

    @Test func aMissingCommitIsNamed() throws {
        let fixture = try GitFixture()
        let a = try fixture.commit("a")
        let missing = try #require(ObjectID(hex: String(repeating: "2", count: 40)))
        let repository = try GitRepository(opening: fixture.path)
        #expect(throws: GitFailure(.objectMissing, "")) { try repository.isAncestor(missing, of: a) }
        #expect(throws: GitFailure(.objectMissing, "")) { try repository.mergeBase(a, missing) }
    }

    @Test func aShallowCloneSaysWhatToDo() throws {
        let fixture = try GitFixture()
        let a = try fixture.commit("a")
        try fixture.commit("b")
        try fixture.commit("c")
        let clone = "\(fixture.folder.path)/shallow"
        try Command.check(
            "git", ["clone", "--quiet", "--depth=2", "file://\(fixture.path)", clone],
            environment: GitFixture.environment)
        let repository = try GitRepository(opening: clone)
        #expect(repository.isShallow)
        let head = try repository.resolve("main")
        let failure = #expect(throws: GitFailure(.objectMissing, "")) { try repository.isAncestor(a, of: head) }
        #expect(failure?.hint?.contains("--unshallow") == true)
        let parent = try repository.resolve("main~1")
        #expect(try repository.isAncestor(parent, of: head))
        #expect(throws: GitFailure(.objectMissing, "")) { try repository.resolve("main~2") }
    }
}

/// The same numbers in every run (SplitMix64).
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
