/// How a text ends its lines, so that two sides are compared by what they say.
struct MergeText {
    /// With line feeds alone, and one at the end.
    let bytes: [UInt8]
    let style: Style

    struct Style: Equatable {
        /// Every line ends with CR LF.
        var isCarriage: Bool
        var endsWithBreak: Bool
    }

    init(_ original: [UInt8]) {
        let breaks = original.count { $0 == 0x0a }
        let pairs = zip(original, original.dropFirst()).count { $0 == 0x0d && $1 == 0x0a }
        let carriages = original.count { $0 == 0x0d }
        let isCarriage = breaks > 0 && pairs == breaks && carriages == breaks
        var bytes = isCarriage ? original.filter { $0 != 0x0d } : original
        let endsWithBreak = original.isEmpty || original.last == 0x0a
        if !endsWithBreak { bytes.append(0x0a) }
        self.bytes = bytes
        style = Style(isCarriage: isCarriage, endsWithBreak: endsWithBreak)
    }

    /// The style that a merge has: of each of its parts, what one side changed.
    static func merged(base: MergeText, ours: MergeText, theirs: MergeText) -> Style {
        func pick(_ part: KeyPath<Style, Bool>) -> Bool {
            // An empty file has no style of its own.
            let (b, o, t) = (base.style[keyPath: part], ours.style[keyPath: part], theirs.style[keyPath: part])
            return o == b && !base.bytes.isEmpty ? t : o
        }
        return Style(isCarriage: pick(\.isCarriage), endsWithBreak: pick(\.endsWithBreak))
    }

    /// `text`, which has line feeds alone, in a style.
    static func styled(_ text: [UInt8], _ style: Style) -> [UInt8] {
        var text = text
        if !style.endsWithBreak, text.last == 0x0a { text.removeLast() }
        return style.isCarriage ? text.flatMap { $0 == 0x0a ? [0x0d, 0x0a] : [$0] } : text
    }
}
