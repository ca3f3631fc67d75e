import ResealCore
import ResealVault
import TestSupport
import Testing

/// One kind of store. The suites in StoreContract run over all of them and know none.
struct StoreKind: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// Opens the store that lives in a place, and makes it first where there is none.
    let open: @Sendable (StorePlace) throws -> any Store

    static let all = [
        StoreKind(testDescription: "SQLite") { try SQLiteStore(path: $0.folder.file("vault.db"), creating: true) }
    ]
}

/// A place of its own for one store, gone when the last reference to it is.
final class StorePlace: Sendable {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Everything that the store keeps on disk.
    func bytesOnDisk() throws -> [UInt8] {
        try Folder.files(in: folder.path).flatMap { try AtomicFile.read($0, limit: 1 << 30) }
    }
}

/// An open store of one kind with its place.
struct StoreFixture {
    let place: StorePlace
    let store: any Store
    private let kind: StoreKind

    init(_ kind: StoreKind) throws {
        self.kind = kind
        place = try StorePlace()
        store = try kind.open(place)
    }

    /// A second connection to the same store, as another process would have.
    func reopened() throws -> any Store { try kind.open(place) }
}
