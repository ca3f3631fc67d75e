import Foundation
import ResealCore
import TestSupport
import Testing

/// Plans that a running controller makes, and waiting for its applies.
@Suite struct RemotePlanTests {
    private static let token = "canary-plan-token-0123456789"
    private let ground: WriteBackGround
    private let tokenFile: String
    private var git: GitFixture { ground.user.repository }

    init() throws {
        ground = try WriteBackGround()
        tokenFile = try ground.user.folder.write("\(Self.token)\n", to: "plan.token")
        chmod(tokenFile, 0o600)
        try ground.configure(nil)
        let config = String(decoding: try ground.user.folder.read("vault/config.yaml"), as: UTF8.self)
        try ground.user.folder.write(
            config + "\nplan-token-file: '\(tokenFile)'\nlisten: 127.0.0.1:0\n", to: "vault/config.yaml")
    }

    /// A controller that has applied what there is, and its address.
    private func start() throws -> (controller: RunningController, server: String) {
        let controller = try RunningController(ground.user)
        try controller.line("applied")
        return (controller, "http://127.0.0.1:\(try controller.port())")
    }

    /// As CI does it: without a vault and an identity of its own.
    private func ask(_ words: [String], variables: [String: String?] = [:]) throws -> Command.Result {
        var variables = variables
        variables["RESEAL_HOME"] = ground.user.folder.file("no-vault")
        return try ground.user.reseal(words, variables: variables)
    }

    private func plan(_ server: String, _ words: String...) throws -> Command.Result {
        try ask(["plan", "--server", server, "--token-file", tokenFile] + words)
    }

    /// Puts a commit with a new value on a pull request; the branch stays where it is.
    private func openRequest(_ ref: String) throws -> ObjectID {
        let main = try git.id("HEAD")
        try ground.user.seal("prod/rotated", "password", "canary of a request")
        let head = try git.commit("a request")
        try git.git("push", "--quiet", ground.remote.path, "HEAD:\(ref)")
        try git.git("reset", "--quiet", "--hard", "\(main)")
        return head
    }

    @Test(arguments: ["refs/pull/7/head", "refs/merge-requests/12/head", "refs/heads/feature"])
    func ofARequest(_ ref: String) throws {
        let head = try openRequest(ref)
        let (controller, server) = try start()
        let text = try plan(server, "--ref", ref, "--detailed-exitcode")
        #expect(text.status == 2 && text.text.contains("~ newVersion"), "\(text.text)\(text.errorText)")
        #expect(
            text.text.contains("prod/rotated") && text.text.contains("Plan: 0 to create, 1 to change, 0 to delete."))
        let document = try JSON(parsing: plan(server, "--ref", ref, "--json").stdout)
        #expect(document["base"]?["head"]?.stringValue == head.description)
        #expect(document["resource_changes"]?.arrayValue?.count == 1 && document["complete"] == true)
        let markdown = try plan(server, "--ref", ref, "--markdown")
        #expect(markdown.text.hasPrefix("<!-- reseal-plan -->\n"))
        for output in [text, markdown] {
            #expect(!output.text.contains("canary") && !output.errorText.contains("canary"))
        }
        #expect(!document.canonical.contains("canary") && !controller.text.contains("canary"))
        // Nothing was applied, and each plan is in the trail.
        #expect(try ground.password() == "the first one")
        try controller.stop()
        let trail = try ground.user.check("audit", "list", "--json").text
        #expect(trail.components(separatedBy: "\"action\":\"git.plan\"").count == 4)
        let remote = trail.split(separator: "\n").filter {
            $0.contains("\"action\":\"git.plan\"") && $0.contains("\"source\":\"127.0.0.1\"")
        }
        #expect(remote.count == 3, "\(trail)")

        // The views are those of a local plan of the same commit.
        try git.git("fetch", "--quiet", ground.remote.path, ref)
        let local = try ground.user.reseal([
            "plan", "--repo", git.path, "--ref", head.description, "--identity", ground.user.identity,
        ])
        func body(_ result: Command.Result) -> [Substring] {
            result.text.split(separator: "\n").dropFirst().filter { !$0.contains("warning:") }
        }
        #expect(body(local) == body(text), "\(local.text)\(local.errorText)")
    }

    @Test func onlyWhatTheRemoteHolds() throws {
        let head = try openRequest("refs/pull/7/head")
        let (controller, server) = try start()
        // The commit of a request is planned by the request's name only.
        #expect(try plan(server, "--ref", "refs/pull/7/head").status == 0)
        let bare = try plan(server, "--ref", head.description)
        #expect(bare.status == 1 && bare.errorText.contains("no branch and no tag contains"), "\(bare.errorText)")
        for ref in ["refs/pull/8/head", "nothing", "refs/pull/7/merge", "refs/reseal/requested", "refs/pull/x/head"] {
            let result = try plan(server, "--ref", ref)
            #expect(result.status != 0 && !result.errorText.contains("internal"), "\(ref): \(result.errorText)")
        }
        #expect(try plan(server, "--ref", "main", "--detailed-exitcode").status == 0)
        #expect(try plan(server, "--detailed-exitcode").status == 0)
        try controller.stop()
    }

    @Test func failuresAreThoseOfALocalPlan() throws {
        let main = try git.id("HEAD")
        try git.write("manifests/wrong.yaml", "apiVersion: reseal/v1\nkind: Secrt\nmetadata: {name: A}\n")
        try git.commit("wrong")
        try git.git("push", "--quiet", ground.remote.path, "HEAD:refs/pull/1/head")
        try git.git("reset", "--quiet", "--hard", "\(main)")
        try git.write("manifests/all.yaml", "")
        try git.commit("all gone")
        try git.git("push", "--quiet", ground.remote.path, "HEAD:refs/pull/2/head")
        try git.git("reset", "--quiet", "--hard", "\(main)")
        let (controller, server) = try start()
        let wrong = try plan(server, "--ref", "refs/pull/1/head")
        #expect(wrong.status == 1 && wrong.errorText.contains("manifests/wrong.yaml:2:"), "\(wrong.errorText)")
        let refused = try plan(server, "--ref", "refs/pull/2/head")
        #expect(refused.status == 3 && refused.text.contains("deletion protection"), "\(refused.text)")
        try controller.stop()
    }

    @Test func needsTheToken() throws {
        let (controller, server) = try start()
        let wrong = try ground.user.folder.write("another-token-0123456789\n", to: "wrong.token")
        let refused = try ask(["plan", "--server", server, "--token-file", wrong])
        #expect(refused.status == 1 && refused.errorText.contains("[request.unauthorized]"), "\(refused.errorText)")
        let unknown = try ask(["plan", "--server", server, "--token-file", tokenFile, "--source", "other"])
        #expect(unknown.errorText.contains("[request.unauthorized]"))
        let waiting = try ask(
            ["wait", "--server", server, "--token-file", wrong, "--commit", "\(try git.id("HEAD"))"])
        #expect(waiting.status == 1 && waiting.errorText.contains("[request.unauthorized]"))
        let headers = [["Authorization": "Bearer "], ["Authorization": Self.token], [:]]
        for header in headers {
            let answer = try request("\(server)/v1/sources/default/plan", post: "{\"ref\":\"main\"}", headers: header)
            #expect(answer.status == 401, "\(header)")
        }
        let good = ["Authorization": "bearer \(Self.token)"]
        for body in ["", "[]", "{}", "{\"ref\":1}"] {
            #expect(
                try request("\(server)/v1/sources/default/plan", post: body, headers: good).status == 400, "\(body)")
        }
        #expect(try request("\(server)/v1/sources/default/applied?commit=main", headers: good).status == 400)
        #expect(try request("\(server)/v1/sources/default/applied", headers: good).status == 400)
        try controller.stop()
        let gone = try ask(["plan", "--server", server, "--token-file", tokenFile])
        #expect(gone.status == 1 && gone.errorText.contains("[http."), "\(gone.errorText)")
        #expect(!controller.text.contains(Self.token))
    }

    @Test func theTokenIsNotSentInTheClear() throws {
        for words in [["plan", "--ref", "main"], ["wait", "--commit", "\(try git.id("HEAD"))"]] {
            let result = try ask(words + ["--server", "http://vault.example.org", "--token-file", tokenFile])
            #expect(result.status == 64 && result.errorText.contains("in the clear"), "\(result.errorText)")
            let without = try ask(words + ["--server", "https://vault.example.org"])
            #expect(without.status == 64 && without.errorText.contains("--token-file"))
        }
        let local = try ask(["plan", "--server", "https://x.example", "--repo", "."])
        #expect(local.status == 64 && local.errorText.contains("--repo"))
    }

    @Test func waitsForAnApply() throws {
        let (controller, server) = try start()
        let wait = ["wait", "--server", server, "--token-file", tokenFile, "--commit"]
        let first = try git.id("HEAD")
        let held = try ask(wait + ["\(first)", "--json"])
        let answer = try JSON(parsing: held.stdout)
        #expect(held.status == 0 && answer["state"] == "applied", "\(held.errorText)")
        #expect(answer["applied_with"]?.stringValue == first.description && answer["plan_id"]?.stringValue?.count == 32)

        try git.write("README.md", "unrelated")
        let between = try git.commit("unrelated")
        try ground.user.seal("prod/rotated", "password", "another")
        let second = try git.commit("another value")
        let early = try ask(wait + ["\(second)", "--timeout", "1s"])
        #expect(early.status == 1 && early.errorText.contains("[wait.timeout]"), "\(early.errorText)")
        try ground.push()
        let late = try ask(wait + ["\(second)", "--timeout", "60s"])
        #expect(late.status == 0 && late.text.hasPrefix("applied \(second) at "), "\(late.errorText)")
        #expect(try ground.password() == "another")
        // Of a commit that was never the head of the branch, the apply that brought it is named.
        let inside = try JSON(parsing: ask(wait + ["\(between)", "--json"]).stdout)
        #expect(inside["applied_with"]?.stringValue == second.description)
        try controller.stop()
    }

    @Test func tellsThatACommitCannotBeApplied() throws {
        let (controller, server) = try start()
        try git.write("manifests/all.yaml", "")
        let head = try git.commit("all gone")
        try ground.push()
        let result = try ask(
            ["wait", "--server", server, "--token-file", tokenFile, "--commit", "\(head)", "--timeout", "60s"])
        #expect(result.status == 3 && result.errorText.contains("[plan.guard-refused]"), "\(result.errorText)")
        try controller.stop()
    }

    /// The scripts of the examples do what they say.
    @Test func theScriptsOfTheExamples() throws {
        let head = try openRequest("refs/pull/7/head")
        let (controller, server) = try start()
        let folder =
            URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path + "/examples/ci"
        var environment = ground.user.environment
        environment["PATH"] =
            "\(URL(fileURLWithPath: try BuiltProduct.reseal()).deletingLastPathComponent().path):"
            + (environment["PATH"] ?? "")
        environment["RESEAL_HOME"] = ground.user.folder.file("no-vault")
        environment["RESEAL_SERVER"] = server
        environment["RESEAL_PLAN_TOKEN"] = Self.token
        environment["RESEAL_REF"] = "refs/pull/7/head"
        let work = ground.user.work
        let planned = try Command.run(
            "sh", ["\(folder)/remote-plan.sh", "plan.md"], environment: environment, directory: work)
        #expect(planned.status == 0, "\(planned.errorText)")
        let plan = try String(contentsOfFile: "\(work)/plan.md", encoding: .utf8)
        #expect(plan.hasPrefix("<!-- reseal-plan -->") && plan.contains("newVersion") && !plan.contains("canary"))
        try git.git("fetch", "--quiet", ground.remote.path, "refs/pull/7/head")
        try git.git("merge", "--quiet", "--ff-only", "FETCH_HEAD")
        try ground.push()
        let waited = try Command.run(
            "sh", ["\(folder)/wait.sh", "\(head)", "60s"], environment: environment, directory: work)
        #expect(waited.status == 0, "\(waited.errorText)")
        // No token is left lying about.
        #expect(try FileManager.default.contentsOfDirectory(atPath: ground.user.folder.file("tmp")).isEmpty)
        try controller.stop()
    }
}
