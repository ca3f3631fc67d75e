internal import ResealCore

// Stored form of a list of field states: for each, the length of its name (u16), the name, the counter (i64) and the
// fingerprint (u64), big-endian. A hundred thousand secrets hold one each, so it is compact.
extension [FieldState] {
    package var encoded: [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(reduce(0) { $0 + $1.field.utf8.count + 18 })
        for state in self {
            append(UInt16(state.field.utf8.count), to: &out)
            out.append(contentsOf: state.field.utf8)
            append(state.counter, to: &out)
            append(state.fingerprint, to: &out)
        }
        return out
    }

    /// Throws ``VaultFailure/Kind/corrupt`` for bytes that ``encoded`` does not produce.
    package init(decoding bytes: [UInt8]) throws {
        self = []
        var rest = bytes[...]
        func take(_ count: Int) throws -> ArraySlice<UInt8> {
            guard rest.count >= count else { throw VaultFailure(.corrupt, "the stored state of a field is cut short") }
            defer { rest = rest.dropFirst(count) }
            return rest.prefix(count)
        }
        func integer(_ count: Int) throws -> UInt64 { try take(count).reduce(0) { $0 << 8 | UInt64($1) } }
        while !rest.isEmpty {
            let name = String(decoding: try take(Int(integer(2))), as: UTF8.self)
            append(
                FieldState(
                    field: name, counter: Int64(bitPattern: try integer(8)), fingerprint: try integer(8)))
        }
    }

    private func append(_ value: some FixedWidthInteger, to out: inout [UInt8]) {
        Swift.withUnsafeBytes(of: value.bigEndian) { out.append(contentsOf: $0) }
    }
}
