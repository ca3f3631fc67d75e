import ResealCore
import Testing

@testable import ResealAge
@testable import ResealSealing

/// Damaged and hostile input ends in a failure of the module: no crash, no success, bounded cost.
@Suite struct DamageTests {
    private let identity: X25519Identity
    private let file: [UInt8]
    private let headerCount: Int

    init() throws {
        identity = try X25519Identity()
        let bind = Stanza(type: "reseal.dev/bind", body: [UInt8](repeating: 7, count: 100))
        file = try Age.encrypt(
            SystemRandom.secret(70_000), to: [X25519Identity().recipient, identity.recipient], extraStanzas: [bind])
        headerCount = try Header(parsing: file).encoded().count
    }

    /// Opens both ways; true if either succeeds. Anything but an `AgeFailure` is thrown on.
    private func opens(_ file: [UInt8]) throws -> Bool {
        var outcomes: [Bool] = []
        var rest = file[...]
        let read: ByteReader = { out in
            let count = min(out.count, rest.count)
            out.copyBytes(from: rest.prefix(count))
            rest = rest.dropFirst(count)
            return count
        }
        for attempt in [
            { _ = try Age.decrypt(file, with: [identity]) }, { try Age.decrypt(from: read, with: [identity]) { _ in } },
        ] {
            do {
                try attempt()
                outcomes.append(true)
            } catch is AgeFailure { outcomes.append(false) }
        }
        #expect(outcomes[0] == outcomes[1])
        return outcomes[0] || outcomes[1]
    }

    @Test func undamagedItOpens() throws { #expect(try opens(file)) }

    @Test func flippedBitsNeverOpen() throws {
        let armored = Armor.encode(Array(file.prefix(headerCount + 16 + 65_552)))
        for _ in 0..<300 {
            // Half of the damage where the format is.
            let limit = Bool.random() ? headerCount + 40 : file.count
            let place = Int.random(in: 0..<limit)
            var damaged = file
            damaged[place] ^= 1 << UInt8.random(in: 0..<8)
            #expect(try !opens(damaged), "byte \(place)")
            var text = armored
            text[place] ^= 1 << UInt8.random(in: 0..<8)
            #expect(try !opens(text), "armored, byte \(place)")
        }
    }

    @Test func cutFilesNeverOpen() throws {
        let armored = Armor.encode(file)
        for _ in 0..<300 {
            let count = Int.random(in: 0..<(Bool.random() ? headerCount + 40 : file.count))
            #expect(try !opens(Array(file.prefix(count))), "\(count) bytes")
            #expect(try !opens(Array(armored.prefix(count))), "armored, \(count) bytes")
        }
        #expect(try !opens(file + [0]))
        #expect(try !opens(Armor.encode(file) + Array("x".utf8)))
    }

    @Test func armorOfACutFileDoesNotOpen() throws {
        for count in [headerCount, headerCount + 15, headerCount + 16, headerCount + 16 + 65_552, file.count - 1] {
            #expect(try !opens(Armor.encode(Array(file.prefix(count)))))
        }
    }

    @Test func noiseNeverOpens() throws {
        for size in [1, 20, 5000, 300_000] {
            let noise = try SystemRandom.bytes(size)
            for start in ["", "age-encryption.org/v1\n", "age-encryption.org/v1\n-> X25519 ", "\(Armor.beginLine)\n"] {
                #expect(try !opens(Array(start.utf8) + noise))
            }
        }
    }

    @Test func endlessHeadersStopAtTheLimit() throws {
        let start = Array("age-encryption.org/v1\n".utf8)
        let pieces = [
            "-> x\n\n", "-> x y z\n" + String(repeating: "A", count: 64) + "\n",
            String(repeating: "A", count: 64) + "\n",
            "-> " + String(repeating: "a", count: 1000), "-> " + String(repeating: "a ", count: 500), "\n",
        ]
        for piece in pieces {
            let piece = Array(piece.utf8)
            var given = 0
            var isFirst = true
            let endless: ByteReader = { out in
                var source = isFirst ? start : []
                isFirst = false
                while source.count + piece.count <= out.count { source += piece }
                out.copyBytes(from: source)
                given += source.count
                return source.count
            }
            let failure = #expect(throws: AgeFailure.self) {
                try Age.decrypt(from: endless, with: [identity]) { _ in }
            }
            #expect(failure?.kind == .header)
            #expect(given < 2 * Header.maximumBytes)
        }
    }

    @Test func endlessArmorWhitespaceStops() {
        var given = 0
        let failure = #expect(throws: AgeFailure.self) {
            let endless: ByteReader = { out in
                out.copyBytes(from: [UInt8](repeating: 0x20, count: out.count))
                given += out.count
                return out.count
            }
            try Age.decrypt(from: endless, with: [identity]) { _ in }
        }
        #expect(failure?.kind == .header)
        #expect(given < 1 << 20)
    }

    @Test func aFileOfManyStanzasIsRefusedOrCheap() throws {
        let header = "age-encryption.org/v1\n" + String(repeating: "-> x\n\n", count: Header.maximumStanzas + 1)
        let failure = #expect(throws: AgeFailure.self) {
            try Header(parsing: Array((header + "--- " + String(repeating: "A", count: 43) + "\n").utf8))
        }
        #expect(failure?.kind == .header)
    }
}
