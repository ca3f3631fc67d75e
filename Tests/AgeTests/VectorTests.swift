import ResealCore
import TestSupport
import Testing

@testable import ResealAge
@testable import ResealSealing

@Suite struct VectorTests {
    @Test func wholeFilesMeetTheExpectation() throws {
        for vector in try Vector.all() {
            var outcome = "success"
            do throws(AgeFailure) {
                let keys = try unchecked { try vector.keys() }
                let text = try Age.decrypt(vector.file, with: keys)
                #expect(Hex.encode(text.withUnsafeBytes(SHA256.hash)) == vector.payload, "\(vector)")
            } catch { outcome = error.kind.expectation }
            #expect(outcome == vector.expect, "\(vector)")
        }
    }

    /// Pieces of one byte are the hardest for everything that looks ahead.
    @Test(arguments: [1, 7, 65_536, 1 << 20])
    func streamsMeetTheExpectation(piece: Int) throws {
        for vector in try Vector.all() where piece > 100 || vector.file.count < 10_000 {
            var outcome = "success"
            var released: [UInt8] = []
            var rest = vector.file[...]
            let read: ByteReader = { out in
                let count = min(piece, out.count, rest.count)
                out.copyBytes(from: rest.prefix(count))
                rest = rest.dropFirst(count)
                return count
            }
            do { try Age.decrypt(from: read, with: vector.keys()) { released += $0 } } catch let error as AgeFailure {
                outcome = error.kind.expectation
            }
            #expect(outcome == vector.expect, "\(vector)")
            if let payload = vector.payload { #expect(Hex.encode(SHA256.hash(released)) == payload, "\(vector)") }
        }
    }

    @Test func whatParsesEncodesToTheSameBytes() throws {
        var count = 0
        for vector in try Vector.all() {
            guard let file = vector.isArmored ? try? Armor.decode(vector.file) : vector.file,
                let header = try? Header(parsing: file)
            else { continue }
            count += 1
            #expect(file.starts(with: header.encoded()), "\(vector)")
        }
        #expect(count > 40)
    }

    @Test func whatIsArmoredIsTakenForArmor() throws {
        for vector in try Vector.all() where !vector.file.isEmpty {
            #expect(vector.file.withUnsafeBytes(Armor.looksArmored) == vector.isArmored, "\(vector)")
        }
    }

    private func unchecked<T>(_ body: () throws -> T) throws(AgeFailure) -> T {
        do { return try body() } catch { throw error as? AgeFailure ?? AgeFailure(.native, "\(error)") }
    }
}
