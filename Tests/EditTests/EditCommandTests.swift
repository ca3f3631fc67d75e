import Foundation
import ResealCore
import TestSupport
import Testing

/// `reseal edit` with scripts in the place of an editor.
@Suite struct EditCommandTests {
    let desk: Desk

    init() throws { desk = try Desk() }

    @Test func aSecretIsShownAloneWithItsValuesInPlainText() throws {
        let seen = desk.user.folder.file("seen")
        let result = try desk.edit("prod/orders-db", "cp \"$1\" \(seen)")
        #expect(result.errorText == "nothing was changed")
        #expect(
            try String(contentsOfFile: seen, encoding: .utf8) == """
                apiVersion: reseal/v1
                kind: Secret
                metadata: {name: prod/orders-db}
                spec:
                  type: database
                  value:
                    host: db.internal
                    port: 5432
                    username: orders
                    password: !sealed database-password
                  permissions: {read: [role:sre, service:orders], write: [role:sre]}

                """)
    }

    @Test func savingWithoutAChangeLeavesTheFileUntouched() throws {
        func stamp() throws -> [Int] {
            var info = stat()
            #expect(stat(desk.manifest, &info) == 0)
            return [Int(info.st_ino), Int(info.st_mtim.tv_sec), info.st_mtim.tv_nsec, Int(info.st_mode)]
        }
        let (before, text) = (try stamp(), try desk.text())
        for script in ["true", "cp \"$1\" \"$1.x\"; mv \"$1.x\" \"$1\"", "sed -i s/hunter/hunter/ \"$1\""] {
            for target in ["prod/orders-db", Desk.path] {
                #expect(try desk.edit(target, script).errorText == "nothing was changed")
            }
        }
        #expect(try stamp() == before && desk.text() == text)
    }

    @Test func onlyAChangedValueIsSealedAnew() throws {
        let before = try desk.text()
        let result = try desk.edit("prod/orders-db", "sed -i 's/database-password/another one/; s/5432/6543/' \"$1\"")
        #expect(
            result.errorText == """
                sealed prod/orders-db password into manifests/all.yaml for 1 recipient(s), counter 2
                wrote manifests/all.yaml
                """)
        let after = try desk.text()
        #expect(try desk.opened("password", in: after) == Array("another one".utf8))
        #expect(after.contains("port: 6543") && !after.contains("another one"))
        // All other lines are as they were.
        let (old, new) = (before.split(separator: "\n"), after.split(separator: "\n"))
        #expect(old.count == new.count)
        #expect(zip(old, new).filter { $0 != $1 }.allSatisfy { $0.0.hasPrefix("      ") || $0.0.contains("port") })
        try desk.user.repository.commit()
        try desk.user.check("validate", "--strict", "--repo", desk.user.repository.path)
    }

    @Test func commentsAndFormattingAreWhatThePersonTyped() throws {
        let before = try desk.text()
        try desk.edit(
            Desk.path,
            #"printf '# first\n' | cat - "$1" > "$1.new"; sed -i 's/host: db.internal/host:   "db.internal"   # moved/' "$1.new"; mv "$1.new" "$1""#
        )
        let wanted = "# first\n" + before.replacing("host: db.internal", with: "host:   \"db.internal\"   # moved")
        #expect(try desk.text() == wanted)
    }

    @Test func newValuesAreSealedAndPlainOnesCanBe() throws {
        try desk.edit(
            "prod/tls",
            #"sed -i 's/    certificate: public part/&\n    pin: !sealed 1234567\n    bin: !sealed\/base64 AAECAwT\/\n    later: !seal "x y"/; s/certificate: /certificate: !sealed /' "$1""#
        )
        let text = try desk.text()
        #expect(try desk.opened("pin", in: text) == Array("1234567".utf8))
        #expect(try desk.opened("bin", in: text) == [0, 1, 2, 3, 4, 255])
        #expect(try desk.opened("later", in: text) == Array("x y".utf8))
        #expect(try desk.opened("certificate", in: text) == Array("public part".utf8))
        try desk.user.check("validate", "--repo", desk.user.repository.path)
    }

    @Test func textOfSeveralLinesStandsInABlock() throws {
        let key = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA\n-----END PRIVATE KEY-----\n"
        try desk.user.seal("prod/tls", "key", key + "\n")
        let seen = desk.user.folder.file("seen")
        try desk.edit("prod/tls", "cp \"$1\" \(seen); sed -i 's/MC4CAQ/XXXXXX/' \"$1\"")
        let shown = try String(contentsOfFile: seen, encoding: .utf8)
        #expect(
            shown.contains(
                "    key: !sealed |\n      -----BEGIN PRIVATE KEY-----\n      MC4CAQAwBQYDK2VwBCIEIA\n      -----END PRIVATE KEY-----\n"
            ))
        #expect(try desk.opened("key", in: try desk.text()) == Array(key.replacing("MC4CAQ", with: "XXXXXX").utf8))
    }

    @Test func aRenamedSecretIsSealedForItsNewPlace() throws {
        let result = try desk.edit("prod/orders-db", "sed -i 's/name: prod.orders-db/name: prod\\/orders/' \"$1\"")
        #expect(result.errorText.contains("removed `password` of prod/orders-db"))
        #expect(result.errorText.contains("sealed prod/orders password into manifests/all.yaml"))
        try desk.user.check("validate", "--strict", "--repo", desk.user.repository.path)
    }

    @Test func aValueThatIsAFileIsOpenedItself() throws {
        let blob = "\(desk.user.repository.path)/manifests/blob.age"
        let manifest = try desk.text()
        for target in ["prod/blob", "manifests/blob.age"] {
            let before = try Data(contentsOf: URL(fileURLWithPath: blob))
            #expect(try desk.edit(target, "true").errorText == "nothing was changed")
            #expect(try Data(contentsOf: URL(fileURLWithPath: blob)) == before)
            let result = try desk.edit(
                target, "test \"$(basename $1)\" = blob; printf '\\000\\377%s' \(target) > \"$1\"")
            #expect(result.errorText.contains("wrote manifests/blob.age"))
            #expect(
                try Command.check("age", ["-d", "-i", desk.user.identity, blob]).stdout
                    == [0, 255] + Array(target.utf8))
        }
        // The form stays: an armored file is armored, a binary one is binary.
        let armored = try Data(contentsOf: URL(fileURLWithPath: blob))
        #expect(armored.starts(with: Data("-----BEGIN AGE".utf8)))
        try Command.check("age", ["-r", try desk.user.recipient(), "-o", blob, desk.manifest])
        try desk.edit("prod/blob", "echo binary > \"$1\"")
        #expect(try Data(contentsOf: URL(fileURLWithPath: blob)).starts(with: Data("age-encryption.org/v1\n".utf8)))
        #expect(try desk.text() == manifest)
        try desk.user.check("validate", "--repo", desk.user.repository.path)
    }

    // MARK: Values that cannot be opened

    @Test func unopenedValuesStaySealedAndMayBeReplaced() throws {
        let before = try desk.text()
        let line = ["edit", "prod/orders-db", "--repo", desk.user.repository.path]
        // The vault's own settings name an identity.
        let keyless = ["RESEAL_HOME": desk.memory + "/nowhere"]
        let show = try desk.user.reseal(line, variables: try desk.variables("cat \"$1\"", keyless))
        #expect(show.status == 0 && show.text.contains("password: !unopened "), "\(show.errorText)")
        #expect(show.errorText.contains("no identity is given"))
        // Another line, a comment: allowed.
        let plain = try desk.user.reseal(line, variables: try desk.variables("sed -i s/5432/1/ \"$1\"", keyless))
        #expect(plain.status == 0, "\(plain.errorText)")
        #expect(try desk.text() == before.replacing("5432", with: "1"))
        // Changed, moved: refused.
        for script in ["s/!unopened ../!unopened /", "s/password:/passwort:/", "s/name: prod.orders-db/name: x/"] {
            let result = try desk.user.reseal(line, variables: try desk.variables("sed -i '\(script)' \"$1\"", keyless))
            #expect(result.status == 1 && result.errorText.contains("[edit.unopened]"), "\(result.errorText)")
            #expect(result.errorText.hasPrefix("note:") && result.errorText.contains("prod-orders-db.yaml:10:"))
        }
        #expect(try desk.text() == before.replacing("5432", with: "1"))
        // A new value needs no key.
        let new = try desk.user.reseal(
            line, variables: try desk.variables("sed -i 's/!unopened .*/!sealed fresh one/' \"$1\"", keyless))
        #expect(new.errorText.contains("counter 2"), "\(new.errorText)")
        #expect(try desk.opened("password", in: try desk.text()) == Array("fresh one".utf8))
        try desk.expectNothingLeft()
    }

    @Test func whoCouldOpenAValueIsSaid() throws {
        let other = desk.user.folder.file("other.txt")
        try desk.user.check("keygen", "-o", other)
        let result = try desk.user.reseal(
            ["edit", "prod/orders-db", "--repo", desk.user.repository.path, "--identity", other],
            variables: try desk.variables("true"))
        #expect(result.errorText.contains("manifests/all.yaml:"))
        #expect(result.errorText.contains("`password` of prod/orders-db cannot be opened"))
        #expect(result.errorText.contains("hint: it can be opened by controller (age1"))
        let value = try desk.user.reseal(
            ["edit", "prod/blob", "--repo", desk.user.repository.path, "--identity", other],
            variables: try desk.variables("true"))
        #expect(value.status == 6, "\(value.errorText)")
        #expect(value.errorText.contains("it can be opened by controller (age1"))
    }

    // MARK: Refusals

    @Test func invalidResultsHaveTheirPlacesInTheEditedText() throws {
        let before = try desk.text()
        let cases: [(script: String, code: String, place: String)] = [
            ("s/password: /pass word: \\\"/", "yaml.syntax", "prod-orders-db.yaml:1"),
            ("s/type: database/type: databse/", "manifest.value", "prod-orders-db.yaml:5:9"),
            ("s/role:sre, service/role:nobody, service/", "manifest.dangling-reference", "prod-orders-db.yaml:11:24"),
            ("s/name: prod.orders-db/name: prod\\/note/", "manifest.duplicate", "prod-orders-db.yaml:3:18"),
            ("s/!sealed .*/!sealed\\/base64 not base64/", "manifest.base64", "prod-orders-db.yaml:10:15"),
            ("s/!sealed .*/!sealed/", "manifest.marked-empty", "prod-orders-db.yaml:10:15"),
            ("s/type: database/type: !sealed x/", "manifest.sealed-outside-value", "prod-orders-db.yaml:5:9"),
            ("s/!sealed /!sealed \\&a /", "yaml.marked-anchor", "prod-orders-db.yaml:10:15"),
            ("s/!sealed .*/!secret x/", "yaml.tag", "prod-orders-db.yaml:10:15"),
        ]
        for (script, code, place) in cases {
            let result = try desk.edit("prod/orders-db", "sed -i \"\(script)\" \"$1\"", exits: 1)
            #expect(result.errorText.contains("[\(code)]"), "\(result.errorText)")
            #expect(result.errorText.contains("\(place)"), "\(result.errorText)")
            #expect(!result.errorText.contains("database-password"))
        }
        #expect(try desk.text() == before)
    }

    @Test func whatIsWrongElsewhereStopsNobody() throws {
        try desk.user.repository.write("manifests/broken.yaml", "apiVersion: reseal/v1\nkind: Secrt\n")
        try desk.edit("prod/orders-db", "sed -i s/5432/1/ \"$1\"")
        #expect(try desk.text().contains("port: 1\n"))
    }

    @Test func aValueThatWouldBecomePlainNeedsConsent() throws {
        let before = try desk.text()
        let untagged = try desk.edit("prod/orders-db", "sed -i 's/!sealed //' \"$1\"", exits: 1)
        #expect(
            untagged.errorText.contains("prod-orders-db.yaml:10:15: error: `password` of prod/orders-db has no tag"))
        #expect(untagged.errorText.contains("[edit.exposed]") && untagged.errorText.contains("--allow-plain"))
        let commented = try desk.edit("prod/orders-db", "sed -i 's/password: !sealed/# &/' \"$1\"", exits: 1)
        #expect(
            commented.errorText.contains("prod-orders-db.yaml:10:1: error: `password` of prod/orders-db stands here"))
        let copied = try desk.edit(
            "prod/orders-db", "sed -i 's/username: orders/username: database-password/' \"$1\"", exits: 1)
        #expect(copied.errorText.contains("prod-orders-db.yaml:9:1: error: `password`"))
        #expect(try desk.text() == before)
        try desk.user.check(
            "seal", "prod/orders-db", "--field", "password", "--from-file", "/bin/true", "--repo",
            desk.user.repository.path)
        let encoded = try desk.edit(
            "prod/orders-db", "sed -i 's/password: !sealed/# &/; s/^      /#/' \"$1\"", exits: 1)
        #expect(encoded.errorText.contains("`password` of prod/orders-db stands here as well"), "\(encoded.errorText)")
        try desk.user.repository.write(Desk.path, before)
        for result in [untagged, commented, copied] { #expect(!result.errorText.contains("database-password")) }

        try desk.edit("prod/orders-db", "sed -i 's/!sealed //' \"$1\"", options: ["--allow-plain"])
        #expect(try desk.text().contains("    password: database-password\n"))
    }

    @Test func aChangeOfTheFileMeanwhileIsRefused() throws {
        let result = try desk.edit(
            "prod/orders-db", "sed -i s/database-password/mine/ \"$1\"; echo '# theirs' >> \(desk.manifest)", exits: 1)
        #expect(result.errorText.contains("manifests/all.yaml was changed by someone else while you edited it"))
        #expect(result.errorText.contains("[edit.conflict]"))
        #expect(try desk.text().hasSuffix("# theirs\n"))
        #expect(try desk.opened("password", in: try desk.text()) == Array("database-password".utf8))
    }

    @Test func editorsThatFailChangeNothing() throws {
        let before = try desk.text()
        for (script, word) in [
            ("exit 3", "ended with status 3"), ("sed -i s/5432/1/ \"$1\"; exit 1", "ended with status 1"),
            ("sed -i s/5432/1/ \"$1\"; kill -9 $$", "was ended by signal 9"),
            ("rm \"$1\"", "cannot read what the editor left"),
            ("rm \"$1\"; mkdir \"$1\"", "no regular file"), ("rm \"$1\"; ln -s /etc/passwd \"$1\"", "cannot read"),
        ] {
            let result = try desk.edit("prod/orders-db", script, exits: 1)
            #expect(result.errorText.contains(word), "\(result.errorText)")
        }
        #expect(try desk.text() == before)
    }

    @Test func editorsThatAreMissing() throws {
        let nowhere = try desk.edit("prod/note", "true", variables: ["EDITOR": "/nowhere/ed"], exits: 1)
        #expect(nowhere.errorText.contains("the editor that $EDITOR names is not installed [edit.no-editor]"))
        let none = try desk.edit("prod/note", "true", variables: ["EDITOR": nil, "PATH": desk.memory], exits: 1)
        #expect(none.errorText.contains("there is no editor [edit.no-editor]"))
        let shell = try desk.edit("prod/note", "true", variables: ["EDITOR": "nowhere-ed 'x'"], exits: 1)
        #expect(shell.errorText.contains("could not be started"))
        // `VISUAL` comes first, and may have arguments.
        let visual = try desk.edit(
            "prod/note", "exit 1", variables: ["VISUAL": "sed -i s/generic-value/visual/"])
        #expect(visual.errorText.contains("counter 2"))
    }

    @Test func aReadOnlyFileStays() throws {
        let before = try desk.text()
        try FileManager.default.setAttributes([.posixPermissions: 0o444], ofItemAtPath: desk.manifest)
        let result = try desk.edit("prod/orders-db", "sed -i s/5432/1/ \"$1\"", exits: 1)
        #expect(result.errorText.contains("manifests/all.yaml is read-only"))
        #expect(try desk.text() == before)
        #expect(try desk.edit("prod/orders-db", "true").errorText == "nothing was changed")
    }

    @Test func targetsThatAreNone() throws {
        let cases = [
            ("prod/orders-bd", "did you mean `prod/orders-db`?"),
            ("manifests/none.yaml", "manifests/none.yaml is no manifest"),
            ("/etc/passwd", "does not lie in the work tree"), ("Bad Name", "name.invalid"),
        ]
        for (target, words) in cases {
            let result = try desk.user.reseal(desk.line(target), variables: try desk.variables("true"))
            #expect(result.status != 0 && result.errorText.contains(words), "\(result.errorText)")
        }
        try desk.expectNothingLeft()
    }

    @Test func onlyAPlaceInMemoryWillDo() throws {
        let disk = desk.user.folder.file("work")
        let named = try desk.edit("prod/note", "exit 9", options: ["--workspace", disk], exits: 1)
        #expect(named.errorText.contains("\(disk) does not lie in memory"))
        #expect(named.errorText.contains("mount -t tmpfs"))
        // A runtime folder on a disk is passed over.
        let variables = try desk.variables("case $1 in /dev/shm/*) ;; *) exit 9;; esac", ["XDG_RUNTIME_DIR": disk])
        let passed = try desk.user.reseal(desk.line("prod/note"), variables: variables)
        #expect(passed.status == 0, "\(passed.errorText)")
    }

    @Test func theTextIsForItsOwnerOnly() throws {
        let seen = desk.user.folder.file("seen")
        let script =
            "stat -c '%a %U' \"$(dirname $1)\" \"$1\" > \(seen); echo $TMPDIR >> \(seen); ulimit -c >> \(seen); env >> \(seen)"
        try desk.edit("prod/note", script)
        let lines = try String(contentsOfFile: seen, encoding: .utf8).split(separator: "\n")
        let me = try Command.check("id", ["-un"]).text
        #expect(lines[0] == "700 \(me)" && lines[1] == "600 \(me)")
        #expect(lines[2].hasPrefix(desk.memory) && lines[3] == "0")
        #expect(!lines.contains { $0.hasPrefix("RESEAL_") })
    }

    @Test func hugeValues() throws {
        let text = String(repeating: "0123456789abcdef\n", count: 50_000)
        try desk.user.seal("prod/tls", "key", text + "\n")
        try desk.edit("prod/tls", "sed -i '0,/0123456789abcdef/s//changed/' \"$1\"")
        let opened = try desk.opened("key", in: try desk.text())
        #expect(opened == Array(("changed\n" + text.dropFirst(17)).utf8))

        let blob = "\(desk.user.repository.path)/manifests/blob.age"
        let before = try Data(contentsOf: URL(fileURLWithPath: blob))
        let result = try desk.edit("prod/blob", "head -c 1048577 /dev/urandom > \"$1\"", exits: 1)
        #expect(result.errorText.contains("[value.too-large]"))
        #expect(try Data(contentsOf: URL(fileURLWithPath: blob)) == before)
        try desk.edit("prod/blob", "head -c 1048576 /dev/urandom > \"$1\"")
        #expect(try Command.check("age", ["-d", "-i", desk.user.identity, blob]).stdout.count == 1_048_576)
    }
}
