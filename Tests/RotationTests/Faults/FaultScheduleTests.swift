import Foundation
import ResealCore
import TestSupport
import Testing

/// Runs of a controller that die anywhere while parts of the world are broken, with people and rotations going on. At
/// the end, vault, Git and database agree, and nothing that was ever acknowledged is lost.
///
/// `RESEAL_FAULT_RUNS` and `RESEAL_FAULT_SEED` say how many runs and which ones; scripts/fault-schedule sets them.
@Suite struct FaultScheduleTests {
    private static let runs = number("RESEAL_FAULT_RUNS") ?? 8
    private static let seed = UInt64(number("RESEAL_FAULT_SEED") ?? 20_260)

    private static func number(_ variable: String) -> Int? {
        ProcessInfo.processInfo.environment[variable].flatMap { Int($0) }
    }

    @Test func nothingIsLost() throws {
        let world = try FaultWorld()
        var random = SeededGenerator(seed: Self.seed)
        var ledger = Ledger()
        var logs = ""
        try ledger.note(world.user, "before all runs")
        for run in 1...Self.runs {
            let trouble = Trouble.allCases[Int.random(in: 0..<Trouble.allCases.count, using: &random)]
            let deaths = (Death.random(&random), Death.random(&random))
            let comment = "seed \(Self.seed), run \(run): \(trouble), \(deaths.0 ?? "-"), \(deaths.1 ?? "-")"
            logs = try self.run(world, trouble, deaths, &random)
            try ledger.note(world.user, comment)
            ledger.expectNone(in: logs, comment)
            if run.isMultiple(of: 50) {
                try ledger.expectAllIsThere(world.user, comment)
                print("\(run) of \(Self.runs) runs; \(ledger.valueCount) values, \(ledger.headCount) audit heads stand")
            }
        }
        let end = "seed \(Self.seed), after \(Self.runs) runs"
        try settle(world)
        try ledger.note(world.user, end)
        try ledger.expectAllIsThere(world.user, end)
        try expectAgreement(world, end)
    }

    /// One life of a controller. What it and a rotation beside it said.
    private func run(
        _ world: FaultWorld, _ trouble: Trouble, _ deaths: (String?, String?), _ random: inout SeededGenerator
    ) throws -> String {
        let room = trouble == .diskIsFull ? try world.largestFile() + Int.random(in: 0..<65_536, using: &random) : nil
        try trouble.begin(world)
        defer { try? trouble.end(world) }
        let controller = try world.startController(fault: deaths.0, fileBytes: room)
        defer { controller.kill() }
        let rotation = try world.startRotation(
            FaultWorld.rotating[Int.random(in: 0..<FaultWorld.rotating.count, using: &random)], fault: deaths.1)
        defer { rotation.kill() }
        let person = FaultWorld.people[Int.random(in: 0..<FaultWorld.people.count, using: &random)]
        try world.push(person, "value \(random.next()) of \(person)")
        for _ in 0..<Int.random(in: 2...12, using: &random) {
            try trouble.goOn(world)
            if controller.wait(for: .milliseconds(150)) { break }
        }
        controller.kill()
        rotation.kill()
        try trouble.end(world)
        return ["1", "2", "rotate/1", "rotate/2"]
            .map { (try? world.user.folder.read($0)).map { String(decoding: $0, as: UTF8.self) } ?? "" }.joined()
    }

    /// Lets everything come to its end in a world where nothing is broken.
    private func settle(_ world: FaultWorld) throws {
        let items = try world.database.desk.json("rotation", "list").arrayValue ?? []
        for item in items where item["state"] == "running" {
            let name = try #require(item["secret"]?.stringValue).split(separator: "/").last.map(String.init) ?? ""
            try world.user.check("rotate", name)
        }
        try world.push(FaultWorld.people[0], "the last value")
        let controller = try world.startController(fault: nil, fileBytes: nil)
        defer { controller.kill() }
        let end = ContinuousClock.now + .seconds(60)
        while try !isSettled(world) {
            guard ContinuousClock.now < end else {
                let log = String(decoding: try world.user.folder.read("2"), as: UTF8.self)
                throw Command.Failure(description: "the controller does not come to rest: \(log)")
            }
            usleep(200_000)
        }
    }

    private func isSettled(_ world: FaultWorld) throws -> Bool {
        let status = try JSON(parsing: world.user.check("status", "--json").stdout)
        let head = try world.remote.id("main").description
        let isApplied = status["sources"]?.arrayValue?.contains { $0["commit"]?.stringValue == head } ?? false
        let items = try world.database.desk.json("rotation", "list").arrayValue ?? []
        return isApplied && items.allSatisfy { $0["state"] != "running" && $0["state"] != "writeBackPending" }
    }

    private func expectAgreement(_ world: FaultWorld, _ comment: String) throws {
        // Git and the vault: another vault that reads the branch gets the same values.
        try world.remote.git("fsck", "--strict")
        let other = ["--home", world.user.folder.file("other")]
        #expect(try world.user.reseal(["init"] + other).status == 0)
        let source = ["--repo", "file://\(world.remote.path)", "--ref", "main", "--identity", world.user.identity]
        let apply = try world.user.reseal(["apply", "--yes"] + source + other)
        #expect(apply.status == 0, "\(comment): \(apply.errorText)")
        for secret in FaultWorld.secrets {
            let ours = try world.user.check("get", secret).text
            let theirs = try world.user.reseal(["get", secret] + other).text
            #expect(theirs == ours, "\(comment): \(secret) differs from Git")
        }
        let plan = try world.user.reseal(["plan", "--detailed-exitcode"])
        #expect(plan.status == 0, "\(comment): \(plan.text)")
        // The vault and the database.
        for login in ["keeper", "orders", "pair"] {
            #expect(try world.database.isValid(login), "\(comment): the database refuses \(login)")
        }
    }
}
