import Testing

@testable import reseal

@Suite struct EditorHabitsTests {
    @Test(arguments: [
        ("/usr/bin/vim.basic", EditorHabits.vim), ("/usr/bin/vim.tiny", .vim), ("/usr/bin/nvim", .vim),
        ("/opt/gvim", .vim),
        ("/bin/busybox", .vi), ("/usr/bin/nvi", .vi), ("/bin/nano", .nano), ("/bin/rnano", .nano),
        ("/usr/bin/emacs-nox", .emacs), ("/usr/bin/emacs28", .emacs), ("/usr/bin/emacsclient", .hoarder),
        ("/usr/share/code/bin/code", .hoarder), ("/usr/bin/ed", .unknown), ("/home/u/edit.sh", .unknown),
    ])
    func knownByTheirNames(program: String, habits: EditorHabits) {
        #expect(EditorHabits(of: program) == habits)
    }

    @Test func nothingIsKnownOfWhatAShellFinds() { #expect(EditorHabits(of: nil) == .unknown) }

    @Test func commandLines() throws {
        let path = ["PATH": "/bin:/usr/bin"]
        let plain = try #require(EditorCommand("  sed -i\ts/a/b/ ", path))
        #expect(plain.program == "/bin/sed" && plain.words(adding: ["f"]) == ["sed", "-i", "s/a/b/", "f"])
        let shell = try #require(EditorCommand("VAR='a b' sed", path))
        #expect(shell.program == "/bin/sh" && shell.resolved == nil)
        #expect(shell.words(adding: ["f"]) == ["sh", "-c", "VAR='a b' sed \"$@\"", "editor", "f"])
        #expect(EditorCommand("nowhere-at-all", path) == nil)
        #expect(EditorCommand("/bin", path) == nil)
    }
}
