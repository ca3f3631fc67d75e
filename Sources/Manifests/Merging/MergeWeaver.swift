internal import ResealAge

/// A stretch of a merge.
enum MergePiece {
    case text([UInt8])
    case conflict(ours: [UInt8], theirs: [UInt8])

    var ours: [UInt8] {
        switch self {
        case .text(let text): text
        case .conflict(let ours, _): ours
        }
    }

    var theirs: [UInt8] {
        switch self {
        case .text(let text): text
        case .conflict(_, let theirs): theirs
        }
    }
}

/// Merges parts into pieces.
struct MergeWeaver {
    /// How deep mappings are entered; 0 leaves documents whole.
    let maximumDepth: Int
    let mergeLines: ManifestMerge.LineMerge
    private(set) var pieces: [MergePiece] = []
    private(set) var conflicts: [ManifestMerge.Conflict] = []
    private var path: [String] = []

    init(maximumDepth: Int, mergeLines: @escaping ManifestMerge.LineMerge) {
        self.maximumDepth = maximumDepth
        self.mergeLines = mergeLines
    }

    mutating func merge(_ base: [MergePart], _ ours: [MergePart], _ theirs: [MergePart]) {
        let old = Self.byKey(base)
        let (mine, other) = (Self.byKey(ours), Self.byKey(theirs))
        for key in MergeOrder.keys(base.map(\.key), ours.map(\.key), theirs.map(\.key)) {
            path.append(key)
            defer { path.removeLast() }
            let (b, o, t) = (old[key], mine[key], other[key])
            if path.count == 1 { separate(o ?? t) }
            mergePart(b, o, t)
        }
    }

    private static func byKey(_ parts: [MergePart]) -> [String: MergePart] {
        Dictionary(parts.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Only the first document of a file does without `---`.
    private mutating func separate(_ document: MergePart?) {
        guard let document, !document.hasMarker, pieces.contains(where: { !$0.ours.isEmpty || !$0.theirs.isEmpty })
        else { return }
        add(Array("---\n".utf8))
    }

    private mutating func add(_ text: some Sequence<UInt8>) { pieces.append(.text(Array(text))) }

    private mutating func conflict(_ ours: [UInt8], _ theirs: [UInt8]) {
        pieces.append(.conflict(ours: ours, theirs: theirs))
        conflicts.append(ManifestMerge.Conflict(path: path))
    }

    private mutating func mergePart(_ base: MergePart?, _ ours: MergePart?, _ theirs: MergePart?) {
        switch (ours, theirs) {
        case (nil, nil): break
        case (let ours?, nil):
            guard let base else { return add(ours.whole) }
            if !base.saysTheSame(as: ours) { conflict(ours.whole, []) }
        case (nil, let theirs?):
            guard let base else { return add(theirs.whole) }
            if !base.saysTheSame(as: theirs) { conflict([], theirs.whole) }
        case (let ours?, let theirs?): mergeBoth(base, ours, theirs)
        }
    }

    private mutating func mergeBoth(_ base: MergePart?, _ ours: MergePart, _ theirs: MergePart) {
        if ours.isSame(as: theirs) || base?.isSame(as: theirs) == true { return add(ours.whole) }
        if base?.isSame(as: ours) == true { return add(theirs.whole) }
        guard path.count <= maximumDepth,
            let leading = lines(base?.leading, ours.leading, theirs.leading),
            let trailing = ours.hasBlankEnd && theirs.hasBlankEnd
                ? one(base?.trailing, ours.trailing, theirs.trailing).map(Array.init) ?? Array(ours.trailing)
                : lines(base?.trailing, ours.trailing, theirs.trailing)
        else { return conflict(ours.whole, theirs.whole) }
        add(leading)
        mergeBody(base, ours, theirs)
        add(trailing)
    }

    private mutating func mergeBody(_ base: MergePart?, _ ours: MergePart, _ theirs: MergePart) {
        if ours.body == theirs.body || base?.body == theirs.body { return add(ours.body) }
        if base?.body == ours.body { return add(theirs.body) }
        if let a = ours.mapping, let b = theirs.mapping, a.column == b.column,
            base == nil || base?.mapping?.column == a.column,
            let head = one(base?.mapping?.head, a.head, b.head)
        {
            add(head)
            return merge(base?.mapping?.parts ?? [], a.parts, b.parts)
        }
        if let newer = SealedMerge.newer(base?.sealed, ours.sealed, theirs.sealed) {
            return add(newer == .ours ? ours.body : theirs.body)
        }
        if let base, let merged = mergeLines(Array(base.body), Array(ours.body), Array(theirs.body)) {
            return add(merged)
        }
        conflict(Array(ours.body), Array(theirs.body))
    }

    private func one(
        _ base: ArraySlice<UInt8>?, _ ours: ArraySlice<UInt8>, _ theirs: ArraySlice<UInt8>
    ) -> ArraySlice<UInt8>? {
        if ours == theirs || base == theirs { return ours }
        return base == ours ? theirs : nil
    }

    private func lines(
        _ base: ArraySlice<UInt8>?, _ ours: ArraySlice<UInt8>, _ theirs: ArraySlice<UInt8>
    ) -> [UInt8]? {
        if let one = one(base, ours, theirs) { return Array(one) }
        return mergeLines(Array(base ?? []), Array(ours), Array(theirs))
    }
}

/// The order of the keys of a merge.
enum MergeOrder {
    /// As one side has them that put the old ones into another order, else as ours has them; what only the other side has
    /// stands behind what it follows on there.
    static func keys(_ base: [String], _ ours: [String], _ theirs: [String]) -> [String] {
        let isMoved = isReordered(base, theirs) && !isReordered(base, ours)
        let (frame, other) = isMoved ? (theirs, ours) : (ours, theirs)
        var keys = frame
        var known = Set(frame)
        let (old, both) = (Set(base), Set(other))
        for (place, key) in other.enumerated() where known.insert(key).inserted {
            let before = other[..<place].last.flatMap(keys.lastIndex(of:))
            var position = before.map { $0 + 1 } ?? 0
            // Behind what the first side put into the same place.
            while position < keys.count, !old.contains(keys[position]), !both.contains(keys[position]) { position += 1 }
            keys.insert(key, at: position)
        }
        return keys
    }

    private static func isReordered(_ base: [String], _ side: [String]) -> Bool {
        let (old, present) = (Set(base), Set(side))
        return base.filter(present.contains) != side.filter(old.contains)
    }
}

/// What bindings tell, without any key, about two sealings of one value.
enum SealedMerge {
    enum Side { case ours, theirs }

    /// The side to take where both only resealed the same value for the same people; `nil` otherwise.
    static func newer(_ base: [UInt8]?, _ ours: [UInt8]?, _ theirs: [UInt8]?) -> Side? {
        guard let base = binding(base), let ours = binding(ours), let theirs = binding(theirs),
            isReseal(ours, of: base), isReseal(theirs, of: base), ours.recipients == theirs.recipients
        else { return nil }
        return ours.counter >= theirs.counter ? .ours : .theirs
    }

    private static func isReseal(_ binding: Binding, of base: Binding) -> Bool {
        binding.valueCounter == base.valueCounter && binding.counter > base.counter
            && base.mismatch(
                repository: binding.repository, organization: binding.organization, secret: binding.secret,
                field: binding.field) == nil
    }

    private static func binding(_ armor: [UInt8]?) -> Binding? {
        guard let armor, let file = try? SealedFile(parsing: armor) else { return nil }
        return try? Binding.find(in: file.header.stanzas)
    }
}
