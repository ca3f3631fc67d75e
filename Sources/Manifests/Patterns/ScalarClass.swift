/// The characters that one place of a pattern takes.
struct ScalarClass: Sendable {
    private(set) var ranges: [ClosedRange<UInt32>] = []
    private var categories: [Category] = []
    var isNegated = false
    /// Upper and lower case count as the same.
    var foldsCase = false

    private struct Category: Sendable {
        let members: Set<Unicode.GeneralCategory>
        let isNegated: Bool
    }

    init(_ ranges: ClosedRange<UInt32>...) { self.ranges = ranges }

    init(_ scalar: Unicode.Scalar) { ranges = [scalar.value...scalar.value] }

    static let digit = ScalarClass(0x30...0x39)
    static let word = ScalarClass(0x30...0x39, 0x41...0x5a, 0x5f...0x5f, 0x61...0x7a)
    static let space = ScalarClass(0x09...0x0a, 0x0c...0x0d, 0x20...0x20)
    static let any = ScalarClass(0...0x10_ffff)
    static let notNewLine = ScalarClass(0...0x09, 0x0b...0x10_ffff)

    mutating func insert(_ range: ClosedRange<UInt32>) { ranges.append(range) }

    /// Adds a class without a case rule of its own, or everything else.
    mutating func formUnion(_ other: ScalarClass, negated: Bool = false) {
        ranges += negated ? other.complement : other.ranges
        categories += other.categories
    }

    mutating func insert(_ members: Set<Unicode.GeneralCategory>, negated: Bool) {
        categories.append(Category(members: members, isNegated: negated))
    }

    var complement: [ClosedRange<UInt32>] {
        var gaps: [ClosedRange<UInt32>] = []
        var next: UInt32 = 0
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if range.lowerBound > next { gaps.append(next...range.lowerBound - 1) }
            next = max(next, range.upperBound + 1)
        }
        if next <= 0x10_ffff { gaps.append(next...0x10_ffff) }
        return gaps
    }

    func contains(_ scalar: Unicode.Scalar) -> Bool {
        (has(scalar) || foldsCase && Self.variants(of: scalar).contains(where: has)) != isNegated
    }

    private func has(_ scalar: Unicode.Scalar) -> Bool {
        if ranges.contains(where: { $0.contains(scalar.value) }) { return true }
        guard !categories.isEmpty else { return false }
        let category = scalar.properties.generalCategory
        return categories.contains { $0.members.contains(category) != $0.isNegated }
    }

    /// The other cases of a character, as far as they are single characters.
    private static func variants(of scalar: Unicode.Scalar) -> [Unicode.Scalar] {
        func only(_ text: String) -> Unicode.Scalar? {
            text.unicodeScalars.count == 1 ? text.unicodeScalars.first : nil
        }
        let upper = only(scalar.properties.uppercaseMapping)
        return [
            only(scalar.properties.lowercaseMapping), upper, upper.flatMap { only($0.properties.lowercaseMapping) },
        ].compactMap(\.self)
    }

    /// The classes of POSIX, which stand in brackets within brackets: `[[:alpha:]]`.
    static func posix(_ name: String) -> ScalarClass? {
        switch name {
        case "alnum": ScalarClass(0x30...0x39, 0x41...0x5a, 0x61...0x7a)
        case "alpha": ScalarClass(0x41...0x5a, 0x61...0x7a)
        case "ascii": ScalarClass(0...0x7f)
        case "blank": ScalarClass(0x09...0x09, 0x20...0x20)
        case "cntrl": ScalarClass(0...0x1f, 0x7f...0x7f)
        case "digit": digit
        case "graph": ScalarClass(0x21...0x7e)
        case "lower": ScalarClass(0x61...0x7a)
        case "print": ScalarClass(0x20...0x7e)
        case "punct": ScalarClass(0x21...0x2f, 0x3a...0x40, 0x5b...0x60, 0x7b...0x7e)
        case "space": ScalarClass(0x09...0x0d, 0x20...0x20)
        case "upper": ScalarClass(0x41...0x5a)
        case "word": word
        case "xdigit": ScalarClass(0x30...0x39, 0x41...0x46, 0x61...0x66)
        default: nil
        }
    }

    /// The general categories that a name such as `L` or `Lu` stands for.
    static func categories(named name: String) -> Set<Unicode.GeneralCategory>? {
        let all: [(String, Unicode.GeneralCategory)] = [
            ("Lu", .uppercaseLetter), ("Ll", .lowercaseLetter), ("Lt", .titlecaseLetter), ("Lm", .modifierLetter),
            ("Lo", .otherLetter), ("Mn", .nonspacingMark), ("Mc", .spacingMark), ("Me", .enclosingMark),
            ("Nd", .decimalNumber), ("Nl", .letterNumber), ("No", .otherNumber), ("Pc", .connectorPunctuation),
            ("Pd", .dashPunctuation), ("Ps", .openPunctuation), ("Pe", .closePunctuation), ("Pi", .initialPunctuation),
            ("Pf", .finalPunctuation), ("Po", .otherPunctuation), ("Sm", .mathSymbol), ("Sc", .currencySymbol),
            ("Sk", .modifierSymbol), ("So", .otherSymbol), ("Zs", .spaceSeparator), ("Zl", .lineSeparator),
            ("Zp", .paragraphSeparator), ("Cc", .control), ("Cf", .format), ("Cs", .surrogate), ("Co", .privateUse),
        ]
        let found = all.filter { $0.0 == name || name.utf8.count == 1 && $0.0.hasPrefix(name) }.map(\.1)
        return found.isEmpty ? nil : Set(found)
    }
}
