import Foundation
import ResealCore
import TestSupport
import Testing

/// `reseal new`: every type and kind, by options and by answers; always valid.
@Suite struct NewTests {
    let desk: Desk

    init() throws {
        desk = try Desk()
        try Data("{}".utf8).write(to: URL(fileURLWithPath: "\(desk.user.repository.path)/manifests/reseal.schema.json"))
    }

    /// Without a terminal.
    @discardableResult
    private func new(
        _ arguments: String..., stdin: String = "", exits status: Int32 = 0,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> Command.Result {
        let result = try desk.user.reseal(
            ["new"] + arguments + ["--repo", desk.user.repository.path], stdin: Array(stdin.utf8),
            wrapper: [try Command.find("setsid"), "--wait"])
        #expect(result.status == status, "\(result.text) \(result.errorText)", sourceLocation: sourceLocation)
        try desk.user.check("validate", "--repo", desk.user.repository.path)
        return result
    }

    private func dialogue(
        _ arguments: String..., answers: [(String, String)], sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> PseudoTerminal.Result {
        let result = try desk.user.atTerminal(
            ["new"] + arguments + ["--repo", desk.user.repository.path],
            dialogue: answers.map { .init($0.0, $0.1 + "\n") }, variables: ["NO_COLOR": "1"])
        #expect(result.status == 0 && result.echoes, "\(result.screen)", sourceLocation: sourceLocation)
        try desk.user.check("validate", "--repo", desk.user.repository.path)
        return result
    }

    private func git() throws -> String { try desk.user.repository.git("status", "--short") }

    // MARK: By options

    @Test func aDatabaseWithEverything() throws {
        let result = try new(
            "database", "shop/db", "--description", "The shop's own", "--plain", "host=db.internal", "--plain",
            "port=5432",
            "--generate", "--every", "30d", "--read", "role:sre", "--read", "service:shop", "--label", "team=shop",
            "--set", "keepPrevious=2d", "--set", "metadata.tier=1")
        #expect(
            result.errorText.contains(
                "sealed shop/db password into manifests/shop/db.yaml for 1 recipient(s), counter 1"))
        let text = try desk.text("manifests/shop/db.yaml")
        let armor = try #require(text.firstRange(of: /\|\n      -----BEGIN(.|\n)*END AGE ENCRYPTED FILE-----/))
        #expect(
            text.replacingCharacters(in: armor, with: "SEALED") == """
                # yaml-language-server: $schema=../reseal.schema.json
                apiVersion: reseal/v1
                kind: Secret
                metadata:
                  name: shop/db
                  labels:
                    team: shop
                spec:
                  type: database
                  description: The shop's own
                  metadata:
                    tier: 1
                  value:
                    host: db.internal
                    port: 5432
                    password: SEALED
                  permissions:
                    read: [role:sre, service:shop]
                  rotation:
                    every: 30d
                    generate:
                      kind: password
                      field: password
                      length: 40
                  keepPrevious: 2d

                """)
        #expect(try desk.opened("password", in: text).count == 40)
    }

    @Test(arguments: [
        ("generic", []), ("api-key", []), ("database", ["--generate"]), ("signing-key", ["--generate"]),
        ("certificate", ["--generate", "--set", "rotation.generate.commonName=www.example"]), ("oauth-token", []),
        ("config", ["--plain", "debug=false", "--sealed", "token"]), ("generic", ["--generate"]),
        ("config", ["--generate"]),
    ])
    func everyTypeOfSecret(type: String, options: [String]) throws {
        let result = try desk.user.reseal(
            ["new", type, "a/b", "--repo", desk.user.repository.path, "--no-input"] + options)
        #expect(result.status == 0, "\(result.errorText)")
        let text = try desk.text("manifests/a/b.yaml")
        #expect(text.contains("  type: \(type)\n"))
        #expect(text.contains("-----END AGE") == options.contains("--generate"))
        let validation = try desk.user.reseal(["validate", "--repo", desk.user.repository.path, "--json"])
        #expect(validation.status == 0, "\(validation.text)")
        // What is to come is said, as a command that works.
        for line in result.errorText.split(separator: "\n") where line.hasPrefix("next: reseal ") {
            let words = line.dropFirst("next: reseal ".count).split(separator: " ").map(String.init)
            let sealed = try desk.user.reseal(
                words + ["--repo", desk.user.repository.path], stdin: Array("later".utf8))
            #expect(sealed.status == 0, "\(sealed.errorText)")
        }
    }

    @Test func everyOtherKind() throws {
        let lines = [
            "role ops --set members=user:ada,service:pager --set description=On-call",
            "connection main-db --set engine=postgresql --set endpoint=main --set credentialsFrom.secret=prod/orders-db",
            "connection api --set engine=http --set endpoint=api --set timeout=5s",
            "dynamic-secret shop/ro --set engine=postgresql --set connection=main-db --set permissions.generate=role:ops",
            "notifier chat --set channel=slack --set endpoint=chat --set events=rotation.*,audit.*",
            "notifier mail --set channel=smtp --set endpoint=mail --set to=a@example.org,b@example.org",
            "sync-target files --set provider=file --set folder=run --set fields.password=PGPASSWORD",
            "alert-rule expiry --set when.expiresWithin=14d --set notify=chat --set match.labels.team=shop",
            "backup-policy nightly --set target=offsite --set retention.last=5 --set notify=chat,mail",
        ]
        for line in lines {
            var words = line.split(separator: " ").map(String.init)
            if words[0] == "dynamic-secret" { words += ["--set", "creation=CREATE ROLE x; GRANT a, b TO x"] }
            if words[0] == "backup-policy" { words += ["--set", "schedule=0 3 * * *"] }
            let result = try desk.user.reseal(["new"] + words + ["--repo", desk.user.repository.path, "--no-input"])
            #expect(result.status == 0, "\(words): \(result.errorText)")
        }
        let validation = try desk.user.reseal(["validate", "--strict", "--repo", desk.user.repository.path])
        #expect(validation.status == 0, "\(validation.errorText)")
        #expect(try desk.text("manifests/connections.yaml").components(separatedBy: "\n---\n").count == 2)
        #expect(try desk.text("manifests/roles.yaml").hasPrefix("# yaml-language-server: $schema=reseal.schema.json\n"))
        // The two that a repository has once.
        for words in [
            ["repository", "again"], ["recipients", "again", "--set", "controller=\(try desk.user.recipient())"],
        ] {
            let result = try desk.user.reseal(["new"] + words + ["--repo", desk.user.repository.path, "--no-input"])
            #expect(
                result.status == 1 && result.errorText.contains("[manifest.second-\(words[0])]"), "\(result.errorText)")
        }
    }

    @Test func rulesOfANewRepository() throws {
        for name in ["repository", "recipients", "all"] { try desk.user.repository.remove("manifests/\(name).yaml") }
        let key = try desk.user.recipient()
        for line in [
            ["repository", "main", "--set", "requireBinding=true"],
            [
                "recipients", "main", "--set", "controller=\(key)", "--set", "groups.ops=\(key)", "--set",
                "rules.recipients=group:ops",
            ],
        ] {
            let result = try desk.user.reseal(["new"] + line + ["--repo", desk.user.repository.path, "--no-input"])
            #expect(result.status == 0, "\(result.errorText)")
        }
        try desk.user.check("validate", "--strict", "--repo", desk.user.repository.path)
        #expect(try desk.text("manifests/repository.yaml").firstMatch(of: /\n  id: [0-9a-f]{32}\n/) != nil)
        #expect(
            try desk.text("manifests/recipients.yaml").hasSuffix(
                "  groups:\n    ops: [\"\(key)\"]\n  rules:\n    - recipients: [group:ops]\n")
                || desk.text("manifests/recipients.yaml").contains("rules:\n    - recipients: [group:ops]\n"))
    }

    @Test func valuesComeFromJSON() throws {
        try new(
            "oauth-token", "shop/mail", "--plain", "clientID=shop", "--fields-from", "-",
            stdin: #"{"clientSecret": "s3cret", "extra": {"bin": {"$base64": "AP8="}}}"#)
        let text = try desk.text("manifests/shop/mail.yaml")
        #expect(try desk.opened("clientSecret", in: text) == Array("s3cret".utf8))
        #expect(try desk.opened("bin", in: text) == [0, 255])
        #expect(text.contains("    clientID: shop\n"))
    }

    @Test func anExistingFileKeepsItsBytes() throws {
        let old =
            "# mine\r\napiVersion: reseal/v1\r\nkind: Role\r\nmetadata: {name: a}\r\nspec: {members: [ user:x ]}  # odd"
        let path = "manifests/odd.yaml"
        try desk.user.repository.write(path, old)
        try new("role", "b", "--set", "members=user:y", "--file", path)
        #expect(
            try desk.text(path) == old
                + "\r\n---\r\napiVersion: reseal/v1\r\nkind: Role\r\nmetadata:\r\n  name: b\r\nspec:\r\n  members: [user:y]\r\n"
        )
        // A text whose last line break would change what it means.
        let block = "apiVersion: reseal/v1\nkind: Secret\nmetadata: {name: c}\nspec:\n  value: |+\n    text"
        try desk.user.repository.write("manifests/block.yaml", block)
        let refused = try new("role", "d", "--file", "manifests/block.yaml", exits: 1)
        #expect(
            refused.errorText.contains("[edit.unsafe]") && refused.errorText.contains("end the file with a line break"))
        #expect(try desk.text("manifests/block.yaml") == block)
        // Comments alone are no document.
        try desk.user.repository.write("manifests/empty.yaml", "# nothing yet\n")
        try new("role", "e", "--file", "manifests/empty.yaml")
        #expect(try desk.text("manifests/empty.yaml").hasPrefix("# nothing yet\napiVersion: reseal/v1\n"))
    }

    @Test func errorsWriteNothing() throws {
        let before = try git()
        let cases: [(line: [String], words: String)] = [
            (["databse", "x"], "did you mean `database`?"), ([], "the type is missing"),
            (["role"], "the name is missing"),
            (["role", "Bad"], "may only hold lower-case letters"),
            (["role", "x", "--set", "membrs=user:a"], "did you mean `members`?"),
            (["role", "x", "--set", "members=role:a"], "a role cannot contain roles"),
            (["connection", "x"], "`engine` is needed"),
            (["connection", "x", "--set", "engine=postgres"], "is none of postgresql"),
            (["role", "x", "--read", "role:a"], "only secrets have"),
            (["generic", "x", "--plain", "novalue"], "take KEY=VALUE"),
            (["generic", "x", "--read", "role:nobody"], "[manifest.dangling-reference]"),
            (["generic", "x", "--every", "never"], "is not a duration"),
            (["api-key", "x", "--generate"], "nothing says how"),
            (["generic", "prod/note"], "[manifest.duplicate]"),
            (["generic", "x", "--file", "README.md"], "is no place for a manifest"),
            (["generic", "x", "--file", "other/x.yaml"], "is no place for a manifest"),
            (["generic", "x", "--file", "../x.yaml"], "does not lie in the work tree"),
            (["generic", "x", "--set", "deletionProtection=maybe"], "neither true nor false"),
            (["certificate", "x", "--generate"], "`rotation.generate.commonName` is needed"),
        ]
        for (line, words) in cases {
            let result = try desk.user.reseal(["new"] + line + ["--repo", desk.user.repository.path, "--no-input"])
            #expect(result.status != 0 && result.errorText.contains(words), "\(line): \(result.errorText)")
        }
        #expect(try git() == before)
    }

    // MARK: By answers

    @Test func aDatabaseIsAskedFor() throws {
        let result = try dialogue(answers: [
            ("What to make [generic, api-key,", "databse"), ("What to make [", "database"),
            ("Name, such as prod/orders-db: ", "shop/db"),
            ("(Enter: host, port, username, password!): ", ""),
            ("How to get password [generate, type, later] (Enter: generate): ", "t"),
            ("Value of shop/db password: ", "typed at a prompt"), ("host (Enter: leave it out): ", "db.internal"),
            ("port (Enter: leave it out): ", "5432"), ("username (Enter: leave it out): ", ""),
            ("description: What it is for, in words (Enter: none): ", "The shop's: \"own\""),
            (
                "permissions.read: Who may read the value [role:sre], separated by commas (Enter: none): ",
                "role:sre, nobody"
            ), ("permissions.read: ", "role:sre"), ("permissions.write: ", ""), ("rotation.every: ", ""),
        ])
        for words in ["did you mean `database`?", "this is not a principal"] { #expect(result.screen.contains(words)) }
        #expect(!result.screen.contains("typed at a prompt"))
        let text = try desk.text("manifests/shop/db.yaml")
        #expect(try desk.opened("password", in: text) == Array("typed at a prompt".utf8))
        #expect(text.contains("  description: \"The shop's: \\\"own\\\"\"\n"))
    }

    @Test func generatedAndLaterValues() throws {
        let generated = try dialogue(
            "signing-key", "shop/sign",
            answers: [
                ("(Enter: public, key!): ", ""), ("How to get key [generate, type, later] (Enter: generate): ", ""),
                ("description: ", ""), ("permissions.read: ", "role:sre"), ("permissions.write: ", ""),
                ("rotation.every: ", "1y"), ("rotation.every: ", "90d"),
            ])
        #expect(generated.screen.contains("this is not a duration"))
        #expect(generated.screen.contains("sealed shop/sign key into manifests/shop/sign.yaml"))
        let text = try desk.text("manifests/shop/sign.yaml")
        #expect(text.contains("    public: |\n      -----BEGIN PUBLIC KEY-----\n") && text.contains("    every: 90d\n"))
        #expect(try desk.opened("key", in: text).starts(with: Array("-----BEGIN PRIVATE KEY-----".utf8)))

        let later = try dialogue(
            "api-key", "shop/api", "--description", "x", "--read", "role:sre", "--write", "role:sre", "--every", "30d",
            answers: [
                ("Fields, with ! behind", "id, secret!"), ("How to get secret [type, later] (Enter: type): ", "later"),
                ("id (Enter", "7"),
            ])
        #expect(later.screen.contains("next: reseal seal shop/api --field secret"))
        #expect(try desk.text("manifests/shop/api.yaml").contains("  value:\n    id: 7\n  permissions:\n"))
        try desk.user.seal("shop/api", "secret", "now")
        try desk.user.check("validate", "--repo", desk.user.repository.path)
    }

    @Test func otherKindsAreAskedForByTheSchema() throws {
        let result = try dialogue(
            "alert-rule", "expiry",
            answers: [
                ("description: ", ""), ("Which one? [expiresWithin, ", "expiresWithin"),
                ("when.expiresWithin: A secret expires within this time: ", "14d"),
                ("notify: Notifiers to tell, separated by commas (Enter: none): ", ""),
            ])
        #expect(result.screen.contains("wrote manifests/alert-rules.yaml"), "\(result.screen)")
        let connection = try dialogue(
            "connection", "orders-admin",
            answers: [
                ("engine: What is at the other end [postgresql, http, ", "postgres"),
                ("engine: ", "postgresql"), ("description: ", "Orders"), ("endpoint: ", ""), ("endpoint: ", "main"),
                ("credentialsFrom.secret: Secret that holds the credentials [prod/", "prod/orders-db"),
            ])
        #expect(connection.screen.contains("this is none of postgresql, http, oauth"))
        #expect(connection.screen.contains("wrote manifests/connections.yaml"), "\(connection.screen)")
        let plain = try dialogue(
            "connection", "api", "--set", "engine=http", "--set", "endpoint=api",
            answers: [("description: ", ""), ("credentialsFrom.secret: ", "")])
        #expect(!plain.screen.contains("usernameField"))
        let statements = try dialogue(
            "dynamic-secret", "shop/ro", "--set", "engine=postgresql",
            answers: [
                ("description: ", ""), ("permissions.generate: ", "role:sre"),
                ("connection: Connection that makes the credentials [api, orders-admin]: ", "orders-admin"),
                ("creation: ", "CREATE ROLE x, y"), ("next one (Enter: no more): ", "GRANT a, b"),
                ("next one (Enter: no more): ", ""),
            ])
        #expect(statements.screen.contains("wrote manifests/shop/ro.yaml"))
        #expect(
            try desk.text("manifests/shop/ro.yaml").contains("  creation: [\"CREATE ROLE x, y\", \"GRANT a, b\"]\n"))
    }

    @Test func givingUpWritesNothing() throws {
        let before = try git()
        let result = try desk.user.atTerminal(
            ["new", "generic", "x", "--repo", desk.user.repository.path],
            dialogue: [.init("Fields, with !", "\n"), .init("How to get the value", "\u{3}")])
        #expect(result.status == 130 && result.echoes)
        #expect(try git() == before)
    }
}
