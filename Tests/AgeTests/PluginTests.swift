import Glibc
import ResealCore
import TestSupport
import Testing

@testable import ResealAge
@testable import ResealSealing

@Suite struct PluginTests {
    private let plugins: Plugins
    private let text = SecretBytes(utf8: "a text")

    init() throws { plugins = try Plugins.all() }

    /// Those that would never say anything.
    private func isMute(_ name: String) -> Bool { ["silent", "deaf"].contains(name) }

    private func recipient(_ name: String, _ user: any KeyInteraction = NoInteraction()) throws -> PluginRecipient {
        try PluginRecipient(Plugins.recipient(name), access: plugins.access(user, isImpatient: isMute(name)))
    }

    private func identity(_ name: String) throws -> PluginIdentity {
        let access = plugins.access(isImpatient: isMute(name))
        return try PluginIdentity(SecretBytes(utf8: Plugins.identity(name)), access: access)
    }

    @Test func sealsAndOpens() throws {
        let ours = try X25519Identity()
        let file = try Age.encrypt(text, to: [ours.recipient, recipient("honest")])
        for identities: [any Identity] in [
            [try identity("honest")], [ours], [try X25519Identity(), try identity("honest")],
            [try PluginIdentity(plugin: "HONEST", access: plugins.access())],
        ] { #expect(try Age.decrypt(file, with: identities).isEqual(to: text)) }
        #expect(throws: AgeFailure(.noMatch, "")) {
            try Age.decrypt(Age.encrypt(text, to: [ours.recipient]), with: [identity("honest")])
        }
    }

    @Test func sealsForIdentities() throws {
        let identity = try identity("honest")
        let file = try Age.encrypt(text, to: identity.recipients())
        #expect(try Age.decrypt(file, with: [identity]).isEqual(to: text))
    }

    @Test func readsThemInFilesOfKeys() throws {
        let access = plugins.access()
        let lines = "# mine\n\(Plugins.identity("honest"))\n\(KeyTests.identityText)\n"
        let identities = try IdentityFile.parse(SecretBytes(utf8: lines), name: "keys", access: access)
        #expect(identities.count == 2)
        let recipients = try RecipientFile.parse(
            Array("\(KeyTests.recipientText)\n\(Plugins.recipient("honest"))".utf8), name: "people", access: access)
        let file = try Age.encrypt(text, to: recipients)
        for identity in identities { #expect(try Age.decrypt(file, with: [identity]).isEqual(to: text)) }
    }

    @Test func labelsDecideOnMixtures() throws {
        let classical = try X25519Identity().recipient
        let hybrid = try HybridIdentity()
        let file = try Age.encrypt(text, to: [recipient("quantum"), hybrid.recipient])
        #expect(try Age.decrypt(file, with: [identity("honest")]).isEqual(to: text))
        #expect(try Age.decrypt(file, with: [hybrid]).isEqual(to: text))
        for mixture: [any Recipient] in [
            [try recipient("quantum"), classical], [hybrid.recipient, try recipient("honest")],
            [try recipient("quantum"), try recipient("honest")], [try recipient("scrypt"), classical],
        ] { #expect(throws: AgeFailure(.recipient, "")) { try Age.encrypt(text, to: mixture) } }
    }

    @Test func bindingsRideAlong() throws {
        let bind = Stanza(type: "reseal.dev/bind", body: [UInt8](repeating: 7, count: 3000))
        for recipient in [try recipient("honest"), try recipient("quantum")] {
            let file = try Age.encrypt(text, to: [recipient], extraStanzas: [bind])
            #expect(try SealedFile(parsing: file).header.stanzas.last == bind)
            #expect(try Age.decrypt(file, with: [identity("honest")]).isEqual(to: text))
        }
    }

    @Test func passesQuestionsOnAndAnswersBack() throws {
        let user = ScriptedUser(secret: "1234", line: "Zoé", saysYes: false)
        let stanza = try #require(try recipient("asking", user).wrap(FileKey.generate()).first)
        #expect(stanza.type == "asking")
        #expect(stanza.arguments == ["ok", "okno", "okno", "ok-5a6fc3a9", "ok-31323334"])
        #expect(
            user.questions == [
                "age-plugin-asking: touch  [31m the token", "age-plugin-asking: is it there [here] [skip]",
                "age-plugin-asking: put it there [here] []", "age-plugin-asking: name", "age-plugin-asking: PIN",
            ])
    }

    @Test func tellsThePluginThatNobodyIsThere() throws {
        let stanza = try #require(try recipient("asking").wrap(FileKey.generate()).first)
        #expect(stanza.arguments == ["fail", "fail", "fail", "fail-", "fail-"])
    }

    @Test(arguments: [
        "foreign", "doubling", "empty", "refusing", "dying", "babbling", "silent", "flooding", "deaf", "vague",
    ])
    func aBadPluginFailsToSeal(name: String) throws {
        let failure = #expect(throws: AgeFailure(.plugin, "")) { try Age.encrypt(text, to: [recipient(name)]) }
        #expect(failure?.message.contains("age-plugin-\(name)") == true)
    }

    @Test func anEndlessConversationStops() throws {
        #expect(throws: AgeFailure(.plugin, "")) {
            try recipient("chatty", ScriptedUser(secret: "")).wrap(FileKey.generate())
        }
    }

    @Test(arguments: ["foreign", "doubling", "longkey", "refusing", "dying", "babbling", "silent", "flooding", "deaf"])
    func aBadPluginFailsToOpenButOthersMay(name: String) throws {
        let ours = try X25519Identity()
        let file = try Age.encrypt(text, to: [recipient("honest"), ours.recipient])
        #expect(throws: AgeFailure(.plugin, "")) { try Age.decrypt(file, with: [identity(name)]) }
        #expect(try Age.decrypt(file, with: [identity(name), ours]).isEqual(to: text))
    }

    @Test func whatAPluginReportsIsShownHarmlessly() throws {
        let failure = #expect(throws: AgeFailure(.plugin, "")) { try Age.encrypt(text, to: [recipient("refusing")]) }
        #expect(failure?.message == "`age-plugin-refusing` reports: no  [31mtoken is there")
    }

    @Test func aSlowPluginIsSpokenOf() throws {
        let user = ScriptedUser(secret: "")
        #expect(throws: AgeFailure(.plugin, "")) { try Age.encrypt(text, to: [recipient("silent", user)]) }
        #expect(user.questions == ["waiting for age-plugin-silent …"])
    }

    @Test func aPluginThatDoesNotEndIsEnded() throws {
        let file = try Age.encrypt(text, to: [recipient("stubborn")])
        #expect(try Age.decrypt(file, with: [identity("honest")]).isEqual(to: text))
        // It has no child left, alive or not.
        #expect(try Command.run("pgrep", ["-c", "-f", "^age-plugin-stubborn "]).text == "0")
    }

    @Test func aPluginGetsNothingThatItDoesNotNeed() throws {
        setenv("RESEAL_CANARY", "canary", 1)
        defer { unsetenv("RESEAL_CANARY") }
        let stanza = try #require(try recipient("around").wrap(FileKey.generate()).first)
        // Its working folder, its descriptors (and the one that counts them), and none of our variables.
        #expect(stanza.arguments == ["/", "3", "nothing"])
    }

    @Test func nothingRunsWithoutPermission() throws {
        for (policy, isAllowed) in [(PluginPolicy.none, false), (.only(["other"]), false), (.only(["Honest"]), true)] {
            let access = plugins.access(NoInteraction(), policy)
            for attempt in [
                {
                    _ = try RecipientFile.recipient(Plugins.recipient("honest"), access: access).wrap(
                        FileKey.generate())
                },
                {
                    let line = SecretBytes(utf8: Plugins.identity("honest"))
                    _ = try IdentityFile.parse(line, name: "keys", access: access)
                }, { _ = try PluginIdentity(plugin: "honest", access: access) },
            ] {
                if isAllowed {
                    try attempt()
                } else {
                    #expect(throws: AgeFailure(.pluginForbidden, "")) { try attempt() }
                }
            }
        }
    }

    @Test func onlyAbsoluteFoldersOfThePathAreSearched() throws {
        let path = plugins.folder.path
        let up = String(repeating: "../", count: 32) + path
        for (folders, isFound) in [([up], false), (["", "."], false), (["relative", path], true), ([], false)] {
            var policy = PluginPolicy.all
            policy.searchPath = folders
            let access = KeyAccess(interaction: NoInteraction(), plugins: policy)
            let recipient = try PluginRecipient(Plugins.recipient("honest"), access: access)
            if isFound {
                _ = try recipient.wrap(FileKey.generate())
            } else {
                #expect(throws: AgeFailure(.pluginMissing, "")) { try recipient.wrap(FileKey.generate()) }
            }
        }
        #expect(throws: AgeFailure(.pluginMissing, "")) { try Age.encrypt(text, to: [recipient("absent")]) }
    }

    @Test(arguments: [
        "age11qqqq", "age1a/b1qcrqvps9jkkj06", Plugins.recipient("honest").uppercased(),
        Plugins.recipient("honest") + "q",
        Plugins.recipient("a/b"), Plugins.recipient("../x"), Plugins.recipient("a b"), Plugins.recipient(""),
        Plugins.recipient("é"),
    ])
    func malformedRecipientsAreRefused(text: String) {
        #expect(throws: AgeFailure(.recipient, "")) { try RecipientFile.recipient(text, access: plugins.access()) }
    }

    @Test(arguments: [
        "AGE-PLUGIN-1QQQQ", "AGE-PLUGIN-A/B-1QCRQVPS", Plugins.identity("honest").lowercased(), Plugins.identity("a/b"),
        Plugins.identity(""), Plugins.identity("honest") + "Q",
    ])
    func malformedIdentitiesAreRefused(text: String) {
        #expect(throws: AgeFailure(.identity, "")) {
            try IdentityFile.parse(SecretBytes(utf8: text), name: "keys", access: plugins.access())
        }
        #expect(throws: AgeFailure(.identity, "")) { try PluginIdentity(plugin: "../x", access: plugins.access()) }
    }
}
