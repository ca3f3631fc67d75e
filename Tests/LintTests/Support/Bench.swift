import Foundation
import ResealCore
import TestSupport

/// A repository under lint, with a user whose `git` finds `reseal`.
struct Bench {
    let user: Installation
    var repository: GitFixture { user.repository }

    /// - Parameter hasManifests: a Repository and Recipients manifest, committed.
    init(hasManifests: Bool = true) throws {
        user = try Installation()
        guard hasManifests else { return }
        try user.check("init", "--manifests", "\(repository.path)/manifests", "--recipient", user.recipient())
        try repository.commit("start")
    }

    func path(_ file: String) -> String { "\(repository.path)/\(file)" }

    func lint(_ options: String..., directory: String? = nil, variables: [String: String?] = [:]) throws
        -> Command.Result
    {
        try user.reseal(["lint"] + options, variables: variables, directory: directory ?? repository.path)
    }

    /// The findings of `lint --json`, as `FILE:LINE RULE`.
    func findings(_ options: String...) throws -> [String] {
        let result = try user.reseal(["lint", "--json"] + options, directory: repository.path)
        let document = try JSON(parsing: result.stdout)
        guard let findings = document["findings"]?.arrayValue else {
            throw Command.Failure(description: "no findings: \(result.text)\(result.errorText)")
        }
        return findings.map { finding in
            let place = finding["position"]
            return
                "\(place?["file"]?.stringValue ?? ""):\(place?["line"]?.integerValue ?? 0) \(finding["rule"]?.stringValue ?? "")"
        }
    }

    // MARK: Git

    /// The environment of someone who works with git and reseal.
    func environment(path: String? = nil) throws -> [String: String] {
        let products = (try BuiltProduct.reseal() as NSString).deletingLastPathComponent
        let programs = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        var variables = GitFixture.environment.merging(user.environment) { _, ours in ours }
        variables["GIT_CONFIG_GLOBAL"] = user.folder.file("gitconfig")
        variables["PATH"] = path ?? "\(products):\(programs)"
        return variables
    }

    @discardableResult
    func git(_ words: [String], in folder: String? = nil, path: String? = nil) throws -> Command.Result {
        try Command.run("git", words, environment: environment(path: path), directory: folder ?? repository.path)
    }

    func commits(_ folder: String? = nil) throws -> Int {
        Int(try git(["rev-list", "--count", "--all"], in: folder).text) ?? -1
    }

    @discardableResult
    func hook(_ words: String..., in folder: String? = nil) throws -> Command.Result {
        try Command.run(
            BuiltProduct.reseal(), ["hook"] + words, environment: environment(), directory: folder ?? repository.path)
    }
}
