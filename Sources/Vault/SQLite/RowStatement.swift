internal import GRDB
internal import GRDBSQLite
internal import ResealCore
internal import ResealSealing

/// A prepared statement that runs once for each row of a bulk load.
///
/// It binds straight to SQLite: GRDB's arguments are an array of boxed values for each row, which costs a large apply
/// more than the inserts themselves.
final class RowStatement {
    private let statement: Statement
    private let db: Database
    private var values = RowValues()

    /// For one transaction, as `db` is.
    init(_ db: Database, _ sql: String) throws {
        self.db = db
        statement = try db.cachedStatement(sql: sql)
    }

    /// Runs the statement with the values that `fill` adds, in the order of the statement's parameters.
    func run(_ fill: (inout RowValues) -> Void) throws {
        values.removeAll()
        fill(&values)
        let raw = statement.sqliteStatement
        precondition(values.count == sqlite3_bind_parameter_count(raw), "a value for each parameter")
        let status = values.step(raw)
        let message = status == SQLITE_DONE ? nil : db.lastErrorMessage
        sqlite3_reset(raw)
        guard status == SQLITE_DONE else {
            throw DatabaseError(resultCode: ResultCode(rawValue: status), message: message)
        }
    }
}

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
        guard let text else { return values.append(.null) }
        let start = bytes.count
        bytes.append(contentsOf: text.utf8)
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

    /// Binds the values and steps `statement` once, without a copy: SQLite reads them where they stand. The status.
    fileprivate func step(_ statement: OpaquePointer) -> Int32 {
        bytes.withUnsafeBytes { bytes in
            defer { sqlite3_clear_bindings(statement) }
            for (index, value) in values.enumerated() {
                let status = bind(value, at: Int32(index + 1), to: statement, bytes)
                guard status == SQLITE_OK else { return status }
            }
            return sqlite3_step(statement)
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
