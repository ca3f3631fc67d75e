import Foundation
import ResealCore
import TestSupport
import Testing

@testable import ResealAge
@testable import ResealSealing

/// Thousands of payloads of all sizes, sealed here and opened by other programs, and the other way round.
@Suite struct RoundTripTests {
    /// Files and texts, one behind the other, each with its length in front.
    private struct Frames {
        private(set) var bytes: [UInt8] = []

        mutating func append(_ frame: [UInt8]) {
            for shift in stride(from: 24, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: frame.count >> shift))
            }
            bytes += frame
        }

        static func split(_ bytes: [UInt8]) -> [[UInt8]] {
            var frames: [[UInt8]] = []
            var start = 0
            while start < bytes.count {
                let end = start + 4 + bytes[start..<start + 4].reduce(0) { $0 << 8 | Int($1) }
                frames.append(Array(bytes[start + 4..<end]))
                start = end
            }
            return frames
        }
    }

    /// Mostly what secrets are; sizes at the borders of chunks; and a few large ones.
    private static let sizes: [Int] =
        (0..<1100).map { _ in Int.random(in: 0...64) } + (0..<300).map { _ in Int.random(in: 0...5000) }
        + [65_535, 65_536, 65_537, 131_071, 131_072, 131_073, 196_608]
        + (0..<8).map { _ in Int.random(in: 0...400_000) }
        + [1 << 20, 5 << 20]

    /// Keys that every program knows, in files that every program reads.
    private struct Keys {
        let folder: TemporaryFolder
        let ssh: [SSHKeyFile]
        let identity: X25519Identity

        init() throws {
            folder = try TemporaryFolder()
            ssh = [try SSHKeyFile("-t", "ed25519"), try SSHKeyFile("-t", "rsa", "-b", "2048")]
            identity = try X25519Identity()
            try folder.write("\(identity.revealText().revealText() ?? "")\n", to: "key")
            let lines = [identity.recipient.description] + ssh.map(\.publicLine)
            try folder.write(lines.joined(separator: "\n") + "\n", to: "people")
        }

        var files: [String] { [folder.file("key")] + ssh.map(\.path) }

        func identities() throws -> [any Identity] { try [identity] + ssh.flatMap { try $0.identities() } }

        func recipients() throws -> [any Recipient] { try [identity.recipient] + ssh.map { try $0.recipient() } }
    }

    /// Draws one recipient, or now and then all.
    private func drawn(_ recipients: [any Recipient], _ number: Int) -> [any Recipient] {
        number % 10 == 0 ? recipients : [recipients[number % recipients.count]]
    }

    private static let reading = """
        import pyrage, struct, sys
        def frames(path):
            data = memoryview(open(path, "rb").read())
            place = 0
            while place < len(data):
                count, = struct.unpack(">I", data[place:place + 4])
                yield bytes(data[place + 4:place + 4 + count])
                place += 4 + count
        def identity(path):
            data = open(path, "rb").read()
            if data.startswith(b"AGE-"):
                return pyrage.x25519.Identity.from_str(data.decode().strip())
            return pyrage.ssh.Identity.from_buffer(data)
        def recipient(line):
            kind = pyrage.ssh if line.startswith("ssh-") else pyrage.x25519
            return kind.Recipient.from_str(line.strip())
        """

    @Test func rageOpensWhatIsSealedHere() throws {
        let keys = try Keys()
        let recipients = try keys.recipients()
        var frames = Frames()
        for (i, size) in Self.sizes.enumerated() {
            let text = try SystemRandom.secret(size)
            let file = try Age.encrypt(text, to: drawn(recipients, i))
            frames.append(i % 7 == 0 && size < 10_000 ? Armor.encode(file) : file)
            frames.append(text.revealBytes())
        }
        try keys.folder.write(frames.bytes, to: "frames")
        let program = """
            \(Self.reading)
            identities = [identity(path) for path in sys.argv[2:]]
            all = list(frames(sys.argv[1]))
            for file, text in zip(all[::2], all[1::2]):
                assert pyrage.decrypt(file, identities) == text
            print(len(all) // 2)
            """
        let answer = try Command.check("python3", ["-c", program, keys.folder.file("frames")] + keys.files)
        #expect(answer.text == "\(Self.sizes.count)")
    }

    @Test func whatRageSealsIsOpenedHere() throws {
        let keys = try Keys()
        let program = """
            \(Self.reading)
            import os
            recipients = [recipient(line) for line in open(sys.argv[1])]
            for number, size in enumerate(map(int, sys.argv[2].split(","))):
                text = os.urandom(size)
                chosen = recipients if number % 10 == 0 else [recipients[number % len(recipients)]]
                file = pyrage.encrypt(text, chosen, armored=number % 7 == 0 and size < 10000)
                for frame in (file, text):
                    sys.stdout.buffer.write(struct.pack(">I", len(frame)) + frame)
            """
        let sizes = Self.sizes.map(String.init).joined(separator: ",")
        let answer = try Command.check("python3", ["-c", program, keys.folder.file("people"), sizes])
        let frames = Frames.split(answer.stdout)
        #expect(frames.count == 2 * Self.sizes.count)
        let identities = try keys.identities()
        for i in stride(from: 0, to: frames.count, by: 2) {
            #expect(try Age.decrypt(frames[i], with: identities).isEqual(to: SecretBytes(frames[i + 1])))
        }
    }

    /// A process for each file, so that there are fewer of them.
    @Test func ageOpensAndSealsLikewise() throws {
        let keys = try Keys()
        let recipients = try keys.recipients()
        let sizes = [0, 1, 65_535, 65_536, 65_537, 131_072, 3 << 20] + (0..<110).map { _ in Int.random(in: 0...3000) }
        var texts: [SecretBytes] = []
        for (i, size) in sizes.enumerated() {
            texts.append(try SystemRandom.secret(size))
            try keys.folder.write(Age.encrypt(texts[i], to: drawn(recipients, i)), to: "\(i).sealed")
        }
        let script = """
            set -e
            cd "$1"
            for i in $(seq 0 $2); do
                age -d -i "$3" -i "$4" -i "$5" $i.sealed > $i.opened
                age -R people $i.opened > $i.again
            done
            """
        try Command.check("bash", ["-c", script, "bash", keys.folder.path, "\(sizes.count - 1)"] + keys.files)
        let identities = try keys.identities()
        for (i, text) in texts.enumerated() {
            #expect(try text.isEqual(to: SecretBytes(keys.folder.read("\(i).opened"))))
            let identity = identities[i % identities.count]
            #expect(try Age.decrypt(keys.folder.read("\(i).again"), with: [identity]).isEqual(to: text))
        }
    }
}
