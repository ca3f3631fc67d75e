import Foundation
import Glibc
import ResealCore
import TestSupport
import Testing

/// However an editing session ends, no plaintext is left anywhere, and the file is whole, old or new.
@Suite struct EditDeathTests {
    let desk: Desk
    private let canary = Canary("sealed")
    private let typed = Canary("typed")

    init() throws {
        desk = try Desk()
        try desk.user.seal("prod/orders-db", "password", canary.value)
    }

    /// Types a new value, makes copies as editors do, says so, and stays open.
    private func openEditor() throws -> String {
        try desk.editor(
            """
            sed -i 's/5432/\(typed.mark)/' "$1"
            cp "$1" "$1~"; mkdir "$(dirname $1)/undo"; cp "$1" "$(dirname $1)/undo/u"; chmod 400 "$1~"
            cp "$1" "$TMPDIR/.swp"
            echo $$ > \(ready).new; mv \(ready).new \(ready)
            while :; do sleep 0.05; done
            """)
    }

    private var ready: String { desk.user.folder.file("ready") }

    private func session() throws -> RunningProcess {
        let process = try desk.user.start(
            desk.line("prod/orders-db"),
            wrapper: ["env", "EDITOR=\(try openEditor())", "XDG_RUNTIME_DIR=\(desk.memory)"])
        try desk.wait { FileManager.default.fileExists(atPath: ready) }
        return process
    }

    private func editor() throws -> pid_t {
        try #require(pid_t(try String(contentsOfFile: ready, encoding: .utf8).trimmingCharacters(in: .newlines)))
    }

    private func isAlive(_ id: pid_t) -> Bool {
        // A zombie that nobody collects is dead too.
        guard let status = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8) else { return false }
        return !status.contains(") Z ")
    }

    private func expectNoTrace(_ before: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        try desk.wait { (try? FileManager.default.contentsOfDirectory(atPath: desk.memory)) == [] }
        #expect(try desk.text() == before, sourceLocation: sourceLocation)
        var scanner = LeakScanner([canary, typed])
        try scanner.scan(folder: desk.user.folder.path) { path in path.hasPrefix("editor-") ? nil : [] }
        try scanner.scan(folder: "/dev/shm") { _ in [] }
        #expect(scanner.leaks.isEmpty, "\(scanner.leaks)", sourceLocation: sourceLocation)
        #expect(scanner.scanned > 10_000)
    }

    // MARK: Signals

    @Test(arguments: [SIGKILL, SIGTERM, SIGHUP, SIGSEGV, SIGINT])
    func aSignalToTheProgram(number: Int32) throws {
        let before = try desk.text()
        let process = try session()
        kill(process.id, number)
        if number == SIGINT {
            // That is the editor's business, at a terminal and here.
            usleep(50_000)
            #expect(isAlive(process.id))
            kill(process.id, SIGKILL)
        }
        process.wait()
        let editor = try editor()
        try desk.wait { !isAlive(editor) }
        try expectNoTrace(before)
    }

    @Test(arguments: [SIGKILL, SIGTERM, SIGHUP])
    func aSignalToTheProcessGroup(number: Int32) throws {
        let before = try desk.text()
        let process = try session()
        kill(-process.id, number)
        process.wait()
        try expectNoTrace(before)
    }

    @Test func aSignalToTheEditor() throws {
        let before = try desk.text()
        let process = try session()
        kill(try editor(), SIGKILL)
        process.wait()
        let said = try String(contentsOfFile: desk.user.folder.file("2"), encoding: .utf8)
        #expect(said.contains("the editor was ended by signal 9; nothing was changed"))
        try expectNoTrace(before)
    }

    @Test func theDeathOfTheGuardian() throws {
        let before = try desk.text()
        let process = try session()
        let guardian = try guardian(of: process.id)
        kill(guardian, SIGKILL)
        try desk.wait { !isAlive(guardian) }
        kill(try editor(), SIGKILL)
        process.wait()
        try expectNoTrace(before)
    }

    @Test func theDeathOfAllAtOnceIsMadeUpForByTheNextSession() throws {
        let before = try desk.text()
        let process = try session()
        let victims = [try guardian(of: process.id), process.id, try editor()]
        for victim in victims { kill(victim, SIGKILL) }
        process.wait()
        let left = try FileManager.default.contentsOfDirectory(atPath: desk.memory)
        #expect(left.count == 1)
        // A folder that was just made may belong to a session that is about to lock it.
        let folder = "\(desk.memory)/\(left[0])"
        _ = try desk.user.reseal(
            desk.line("prod/note"), variables: ["EDITOR": "true", "XDG_RUNTIME_DIR": desk.memory])
        #expect(FileManager.default.fileExists(atPath: folder))
        // The change time of a folder cannot be set.
        var info = stat()
        #expect(stat(folder, &info) == 0)
        try desk.wait { time(nil) > info.st_ctim.tv_sec + 5 }
        _ = try desk.user.reseal(
            desk.line("prod/note"), variables: ["EDITOR": "true", "XDG_RUNTIME_DIR": desk.memory])
        try expectNoTrace(before)
    }

    @Test func aTerminalThatHangsUp() throws {
        let before = try desk.text()
        let line = [try BuiltProduct.reseal()] + desk.line("prod/orders-db")
        let environment = desk.user.environment.merging(
            ["EDITOR": try openEditor(), "XDG_RUNTIME_DIR": desk.memory]) { $1 }
        try Command.check("python3", ["-c", Self.hangUp, ready] + line, environment: environment)
        try expectNoTrace(before)
        let editor = try editor()
        try desk.wait { !isAlive(editor) }
    }

    /// Gives a program a terminal of its own, and closes it when the file in the first argument appears.
    private static let hangUp = """
        import os, pty, signal, sys, time
        pid, master = pty.fork()
        if pid == 0:
            # Whoever runs the tests may ignore it.
            signal.signal(signal.SIGHUP, signal.SIG_DFL)
            os.execv(sys.argv[2], sys.argv[2:])
        while not os.path.exists(sys.argv[1]):
            time.sleep(0.01)
        os.close(master)
        os.waitpid(pid, 0)
        """

    private func guardian(of parent: pid_t) throws -> pid_t {
        let list = try Command.check("pgrep", ["-P", "\(parent)", "-f", "edit-guardian"]).text
        return try #require(pid_t(list))
    }

    // MARK: Any instruction

    @Test func deathAtAnyPlaceOfWriting() throws {
        try desk.user.seal("prod/orders-db", "password", canary.mark)
        let script = try desk.editor("sed -i 's/!sealed .*/!sealed \(typed.mark)/' \"$1\"")
        let variables = ["EDITOR": script, "XDG_RUNTIME_DIR": desk.memory]
        let probe = try Installation(copying: desk.user)
        let line = ["edit", "prod/orders-db", "--repo", probe.repository.path, "--identity", probe.identity]
        let listed = try probe.reseal(line, variables: variables.merging(["RESEAL_FAULT": "list"]) { $1 })
        #expect(listed.status == 0, "\(listed.errorText)")
        let points = listed.errorText.split(separator: "\n").filter { $0.hasPrefix("fault-point ") }.map {
            $0.dropFirst(12)
        }
        #expect(points.contains("worktree.beforeRename") && points.contains("worktree.afterRename"))
        for point in Set(points) {
            let copy = try Installation(copying: desk.user)
            let path = "\(copy.repository.path)/manifests/all.yaml"
            let before = try String(contentsOfFile: path, encoding: .utf8)
            let line = ["edit", "prod/orders-db", "--repo", copy.repository.path, "--identity", copy.identity]
            let result = try copy.reseal(line, variables: variables.merging(["RESEAL_FAULT": "\(point):1"]) { $1 })
            #expect(result.status == 137, "\(result.errorText)")
            try desk.wait { (try? FileManager.default.contentsOfDirectory(atPath: desk.memory)) == [] }
            let after = try String(contentsOfFile: path, encoding: .utf8)
            let value = try desk.opened("password", in: after)
            #expect(value == Array(canary.mark.utf8) ? after == before : value == Array(typed.mark.utf8), "\(point)")
            try copy.check("validate", "--repo", copy.repository.path)
            var scanner = LeakScanner([canary, typed])
            try scanner.scan(folder: copy.folder.path) { path in path.hasPrefix("editor-") ? nil : [] }
            #expect(scanner.leaks.isEmpty, "\(scanner.leaks)")
            // The next run completes.
            let again = try copy.reseal(line, variables: variables)
            #expect(again.status == 0, "\(again.errorText)")
            let final = try String(contentsOfFile: path, encoding: .utf8)
            #expect(try desk.opened("password", in: final) == Array(typed.mark.utf8))
        }
    }

    @Test func nothingOfASessionIsSaidOrKept() throws {
        try desk.user.seal("prod/orders-db", "password", canary.mark)
        let line = desk.line("prod/orders-db")
        let scripts = [
            "true", "sed -i 's/!sealed .*/!sealed \(typed.mark)/' \"$1\"", "sed -i s/spec:/spec/ \"$1\"",
            "sed -i 's/!sealed/!sealed/; s/type: database/type: x/' \"$1\"",
            "exit 4", "kill -9 $$", "sed -i 's/^    password.*/    password: [\(typed.mark)]/' \"$1\"",
            "sed -i 's/!sealed //' \"$1\"", "sed -i 's/password: /# &/' \"$1\"",
        ]
        var scanner = LeakScanner([canary, typed])
        for script in scripts {
            let result = try desk.user.reseal(line, variables: try desk.variables(script))
            scanner.scan(result.stdout + result.stderr, at: script)
        }
        try scanner.scan(folder: desk.user.folder.path) { path in path.hasPrefix("editor-") ? nil : [] }
        try scanner.scan(folder: desk.memory) { _ in [] }
        #expect(scanner.leaks.isEmpty, "\(scanner.leaks)")
        try desk.user.repository.commit()
        try scanner.scan(repository: desk.user.repository.path)
        #expect(scanner.leaks.isEmpty, "\(scanner.leaks)")
    }
}
