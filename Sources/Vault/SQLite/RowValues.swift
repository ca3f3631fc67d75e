internal import GRDBSQLite
internal import ResealCore
internal import ResealSealing

/// The values of one row. All text and bytes stand in one buffer, which serves one row after another.
struct RowValues {
    private enum Value {
        case null
        case integer(Int64)
        case text(Range<Int>)
        case blob(Range<Int>)
    }

    private var values: [Value] = []
    /// A byte stands in front, so that empty text has an address too: without one, SQLite would take it for NULL.
    private var bytes: [UInt8] = [0]

    var count: Int { values.count }

    mutating func removeAll() {
        values.removeAll(keepingCapacity: true)
        bytes.removeLast(bytes.count - 1)
    }

    mutating func add(_ number: Int64?) { values.append(number.map(Value.integer) ?? .null) }
    mutating func add(_ flag: Bool) { values.append(.integer(flag ? 1 : 0)) }
    mutating func add(_ time: Timestamp?) { add(time?.milliseconds) }

    mutating func add(_ text: String?) {
        guard var text else { return values.append(.null) }
        let start = bytes.count
        text.withUTF8 { bytes.append(contentsOf: $0) }
        values.append(.text(start..<bytes.count))
    }

    mutating func add(_ blob: [UInt8]?) {
        guard let blob else { return values.append(.null) }
        let start = bytes.count
        bytes.append(contentsOf: blob)
        values.append(.blob(start..<bytes.count))
    }

    mutating func add(_ digest: Digest256?) { add(digest?.bytes) }
    mutating func add(_ id: ObjectID?) { add(id?.bytes) }

    /// Binds the values for the time of `body`, without a copy: SQLite reads them where they stand. `body` hears whether
    /// that went well.
    func withBound<R>(to statement: OpaquePointer, _ body: (_ status: Int32) throws -> R) rethrows -> R {
        try bytes.withUnsafeBytes { bytes in
            defer { sqlite3_clear_bindings(statement) }
            for (index, value) in values.enumerated() {
                let status = bind(value, at: Int32(index + 1), to: statement, bytes)
                guard status == SQLITE_OK else { return try body(status) }
            }
            return try body(SQLITE_OK)
        }
    }

    private func bind(
        _ value: Value, at index: Int32, to statement: OpaquePointer, _ bytes: UnsafeRawBufferPointer
    ) -> Int32 {
        switch value {
        case .null: return sqlite3_bind_null(statement, index)
        case .integer(let number): return sqlite3_bind_int64(statement, index, number)
        case .text(let range):
            let text = UnsafeRawBufferPointer(rebasing: bytes[range]).bindMemory(to: CChar.self)
            return sqlite3_bind_text(statement, index, text.baseAddress, Int32(clamping: range.count), nil)
        case .blob(let range):
            let blob = UnsafeRawBufferPointer(rebasing: bytes[range])
            return sqlite3_bind_blob(statement, index, blob.baseAddress, Int32(clamping: range.count), nil)
        }
    }
}

/// What a parameter of a statement may be.
protocol RowValue {
    func add(to row: inout RowValues)
}

extension Int64: RowValue { func add(to row: inout RowValues) { row.add(self) } }
extension Int: RowValue { func add(to row: inout RowValues) { row.add(Int64(self)) } }
extension Bool: RowValue { func add(to row: inout RowValues) { row.add(self) } }
extension String: RowValue { func add(to row: inout RowValues) { row.add(self) } }
extension [UInt8]: RowValue { func add(to row: inout RowValues) { row.add(self) } }

extension RowValues: ExpressibleByArrayLiteral {
    init(arrayLiteral elements: (any RowValue)?...) {
        for element in elements {
            if let element { element.add(to: &self) } else { add(nil as Int64?) }
        }
    }
}
