import Foundation
import ResealCore
import TestSupport
import Testing

/// What the examples run is what these tests run, in a repository made of the sample manifests.
@Suite struct CIExamplesTests {
    private let bench: Bench
    private let base: String

    private static let commands = [
        "github": [
            "check": ["ci/validate.sh", "ci/lint.sh sarif reseal.sarif github"],
            "plan": ["ci/plan.sh plan.md", "ci/comment-github.sh plan.md"],
        ],
        "gitlab": [
            "validate": ["ci/validate.sh"], "lint": ["ci/lint.sh gitlab gl-code-quality-report.json text"],
            "plan": ["ci/plan.sh plan.md"], "comment": ["ci/comment-gitlab.sh plan.md"],
        ],
        "github with a controller": [
            "plan": ["ci/remote-plan.sh plan.md", "ci/comment-github.sh plan.md"],
            "applied": ["ci/wait.sh \"$GITHUB_SHA\""],
        ],
        "gitlab with a controller": [
            "plan": ["ci/remote-plan.sh plan.md"], "comment": ["ci/comment-gitlab.sh plan.md"],
            "applied": ["ci/wait.sh \"$CI_COMMIT_SHA\""],
        ],
    ]
    private static let files = [
        "github": "examples/github-actions/reseal.yml", "gitlab": "examples/gitlab-ci/.gitlab-ci.yml",
        "github with a controller": "examples/github-actions/remote-plan.yml",
        "gitlab with a controller": "examples/gitlab-ci/remote-plan.gitlab-ci.yml",
    ]

    init() throws {
        bench = try Bench(hasManifests: false)
        let files = FileManager.default
        try files.copyItem(atPath: Repository.root + "/manifests", toPath: bench.path("manifests"))
        try files.copyItem(atPath: Repository.root + "/examples/ci", toPath: bench.path("ci"))
        base = try bench.repository.commit("base").description
        try bench.repository.git("switch", "--quiet", "--create", "feature")
    }

    /// The jobs of a configuration with their commands.
    private func jobs(_ forge: String) throws -> [String: [String]] {
        let script = Repository.root + "/Tests/LintTests/Scripts/ci_steps.py"
        let file = Repository.root + "/" + (Self.files[forge] ?? "")
        let kind = forge.split(separator: " ").first.map(String.init) ?? forge
        let steps = try JSON(parsing: Command.check("python3", [script, kind, file]).stdout).arrayValue ?? []
        var jobs: [String: [String]] = [:]
        for step in steps {
            let parts = step.arrayValue ?? []
            jobs[parts.first?.stringValue ?? "", default: []].append(parts.last?.stringValue ?? "")
        }
        return jobs
    }

    /// Runs a job as a runner does: each command by a shell, up to the first that fails.
    private func run(_ job: String, of forge: String, server: ForgeServer) throws -> [Command.Result] {
        var environment = try bench.environment()
        environment["RESEAL_BASE"] = base
        let variables = [
            "GITHUB_API_URL": server.address, "GITHUB_REPOSITORY": "shop/secrets", "GITHUB_TOKEN": "forge-token",
            "PULL_REQUEST": "7", "CI_API_V4_URL": server.address, "CI_PROJECT_ID": "42", "CI_MERGE_REQUEST_IID": "7",
            "RESEAL_COMMENT_TOKEN": "forge-token",
        ]
        environment.merge(variables) { $1 }
        return try (Self.commands[forge]?[job] ?? []).map { command in
            try Command.run("sh", ["-e", "-c", command], environment: environment, directory: bench.repository.path)
        }
    }

    private func change(_ text: String, to other: String) throws {
        let file = bench.path("manifests/roles.yaml")
        let before = try String(contentsOfFile: file, encoding: .utf8)
        #expect(before.contains(text))
        try bench.repository.write("manifests/roles.yaml", before.replacing(text, with: other))
        try bench.repository.git("add", "manifests")
        try bench.repository.git("commit", "--quiet", "--message", "change")
    }

    @Test(arguments: commands.keys)
    func theConfigurationRunsTheseScriptsAndNothingElse(forge: String) throws {
        #expect(try jobs(forge) == Self.commands[forge])
        for command in try jobs(forge).values.flatMap({ $0 }) {
            let script = command.split(separator: " ").first.map(String.init) ?? ""
            #expect(FileManager.default.isExecutableFile(atPath: Repository.root + "/examples/" + script), "\(script)")
        }
    }

    @Test(arguments: ["github", "gitlab"])
    func aPullRequestIsCheckedPlannedAndCommented(forge: String) throws {
        let server = try ForgeServer(earlier: 203)
        try change("user:bob", to: "user:carol")
        for job in try jobs(forge).keys.sorted(by: { $0 != "comment" && $1 == "comment" }) {
            let results = try run(job, of: forge, server: server)
            #expect(results.allSatisfy { $0.status == 0 }, "\(job): \(results.map { $0.text + $0.errorText })")
        }
        let report = bench.path(forge == "github" ? "reseal.sarif" : "gl-code-quality-report.json")
        let schema = Repository.root + "/Tests/LintTests/Scripts/report_schemas.py"
        let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: report)))
        try Command.check("python3", [schema, forge == "github" ? "sarif" : "gitlab"], stdin: bytes)
        let first = try server.comments()
        #expect(first.count == 1 && first[0].hasPrefix("<!-- reseal-plan -->") && first[0].contains("carol"))
        // The next push edits the same comment.
        try change("user:carol", to: "user:dave")
        for job in ["plan", "comment"] {
            #expect(try run(job, of: forge, server: server).allSatisfy { $0.status == 0 })
        }
        let second = try server.comments()
        #expect(second.count == 1 && second[0].contains("dave"))
        #expect(server.log.contains { $0.hasPrefix(forge == "github" ? "PATCH " : "PUT ") })
    }

    @Test(arguments: ["github", "gitlab"])
    func aSecretInPlainTextStopsIt(forge: String) throws {
        let server = try ForgeServer()
        try bench.repository.write(".reseal-lint.yaml", "rules: {plain-secret: off}\n")
        try bench.repository.write("deploy.env", "DB_PASSWORD=hunter2\n")
        try bench.repository.git("add", ".reseal-lint.yaml", "deploy.env")
        try bench.repository.git("commit", "--quiet", "--message", "change")
        let job = forge == "github" ? "check" : "lint"
        // The change cannot turn the rule off by which it is judged.
        let result = try #require(try run(job, of: forge, server: server).last)
        #expect(result.status == 1)
        #expect(
            result.text.contains(
                forge == "github" ? "::error file=deploy.env,line=1,col=13," : "deploy.env:1:13 (commit "))
        #expect(!(result.text + result.errorText).contains("hunter2"))
    }

    @Test func brokenManifestsLeaveNoPlan() throws {
        let server = try ForgeServer()
        try change("kind: Role", to: "kind: Rule")
        #expect(try run("validate", of: "gitlab", server: server)[0].status == 1)
        #expect(try run("plan", of: "gitlab", server: server)[0].status == 1)
        #expect(!FileManager.default.fileExists(atPath: bench.path("plan.md")))
        #expect(try run("comment", of: "gitlab", server: server)[0].status == 0)
        #expect(try server.comments().isEmpty)
    }

    @Test(arguments: ["github", "gitlab"])
    func aTokenThatIsRefusedFailsTheJob(forge: String) throws {
        let server = try ForgeServer()
        try change("user:bob", to: "user:carol")
        _ = try run("plan", of: "gitlab", server: server)
        var environment = try bench.environment()
        environment.merge([
            "GITHUB_API_URL": server.address, "GITHUB_REPOSITORY": "shop/secrets", "GITHUB_TOKEN": "wrong",
            "PULL_REQUEST": "7", "CI_API_V4_URL": server.address, "CI_PROJECT_ID": "42", "CI_MERGE_REQUEST_IID": "7",
            "RESEAL_COMMENT_TOKEN": "wrong",
        ]) { $1 }
        let result = try Command.run(
            "ci/comment-\(forge).sh", ["plan.md"], environment: environment, directory: bench.repository.path)
        #expect(result.status != 0)
    }
}
