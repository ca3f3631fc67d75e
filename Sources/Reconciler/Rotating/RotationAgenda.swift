internal import ResealCore
internal import ResealVault

/// When each secret's rotation wants something next. From one look to the next most secrets stay as they are, and their
/// manifests are not read again before their time comes: a look costs next to nothing, however many they are.
struct RotationAgenda {
    private struct Entry {
        let rowID: Int64
        /// Of the secret, its manifest and its journal, as they were looked at.
        let state: Int
        let next: Timestamp?
    }
    /// In order of row, one for each active secret.
    private var entries: [Entry] = []

    /// How many secrets are held in memory at once.
    private static let batch = 1000

    /// What there is to do now, and when there will be something next.
    mutating func look(_ core: VaultCore) throws -> (work: [RotationItem], next: Timestamp?) {
        let now = core.clock.now()
        let (journals, current) = try states(core)
        var known = entries.makeIterator(), candidate = known.next()
        var fresh: [Entry] = [], open: [Int] = []
        fresh.reserveCapacity(current.count)
        for (rowID, state) in current {
            while let entry = candidate, entry.rowID < rowID { candidate = known.next() }
            if let entry = candidate, entry.rowID == rowID, entry.state == state, entry.next.map({ $0 > now }) ?? true {
                fresh.append(entry)
            } else {
                open.append(fresh.count)
                fresh.append(Entry(rowID: rowID, state: state, next: nil))
            }
        }
        var work: [RotationItem] = []
        for start in stride(from: 0, to: open.count, by: Self.batch) {
            let places = open[start..<min(start + Self.batch, open.count)]
            let items = try items(core, journals, of: places.map { fresh[$0].rowID })
            for place in places {
                guard let item = items[fresh[place].rowID] else { continue }
                fresh[place] = Entry(rowID: item.rowID, state: fresh[place].state, next: item.next)
                if item.isDue || item.isRetirable(at: now) { work.append(item) }
            }
        }
        entries = fresh
        return (work, entries.compactMap(\.next).min())
    }

    private func states(_ core: VaultCore) throws -> (RotationSurvey.Journals, [(Int64, Int)]) {
        try core.store.read { store in
            let journals = try RotationSurvey.journals(store)
            var states: [(Int64, Int)] = []
            try store.forEachMark { mark in
                var hasher = Hasher()
                hasher.combine(mark)
                hasher.combine(journals[mark.rowID])
                states.append((mark.rowID, hasher.finalize()))
            }
            return (journals, states)
        }
    }

    private func items(
        _ core: VaultCore, _ journals: RotationSurvey.Journals, of rowIDs: [Int64]
    ) throws -> [Int64: RotationItem] {
        let items = try RotationSurvey.items(core, journals) { store, visit in
            for rowID in rowIDs { try store.secret(rowID: rowID).map(visit) }
        }
        return Dictionary(items.map { ($0.rowID, $0) }, uniquingKeysWith: { $1 })
    }
}
