import ResealCore
import Testing

@Suite struct DiagnosticTests {
    private func span(_ file: String, _ line: Int = 1, _ column: Int = 1, commit: UInt8? = nil) -> SourceSpan {
        SourceSpan(
            file: file, line: line, column: column,
            commit: commit.flatMap { ObjectID(bytes: [UInt8](repeating: $0, count: 20)) })
    }

    @Test func rendersPlaceSeverityCodeAndHint() {
        let full = Diagnostic(
            .warning, code: "a.b", "it broke", hint: "mend it", at: span("f.yaml", 3, 7, commit: 0xab))
        #expect(full.description == "f.yaml:3:7 (commit ababababab): warning: it broke [a.b]\n  hint: mend it")
        #expect(Diagnostic(code: "a.b", "it broke").description == "error: it broke [a.b]")
    }

    /// Whatever order the work was done in, the report is the same.
    @Test func orderDoesNotDependOnTheOrderOfWork() {
        let ordered = [
            Diagnostic(code: "a", "no place"), Diagnostic(code: "b", "no place"),
            Diagnostic(code: "z", "x", at: span("a.yaml", 2, 9)), Diagnostic(code: "a", "x", at: span("a.yaml", 10, 1)),
            Diagnostic(code: "a", "y", at: span("a.yaml", 10, 1)),
            Diagnostic(code: "b", "a", at: span("a.yaml", 10, 1)),
            Diagnostic(code: "z", "x", at: span("a.yaml", 10, 1, commit: 1)),
            Diagnostic(code: "a", "x", at: span("a.yaml", 10, 1, commit: 2)),
            Diagnostic(code: "a", "x", at: span("a.yaml", 10, 2)), Diagnostic(code: "a", "x", at: span("b.yaml", 1, 1)),
        ]
        for _ in 0..<200 {
            #expect(DiagnosticsFailure(ordered.shuffled()).diagnostics == ordered)
        }
    }

    /// What `sorted(by:)` demands; otherwise its outcome is open.
    @Test func reportOrderIsAStrictWeakOrder() {
        let spans: [SourceSpan?] = [
            nil, span("a"), span("a", commit: 1), span("a", commit: 2), span("a", 2), span("b"),
        ]
        let all = spans.flatMap { span in
            ["m", "n"].flatMap { message in
                [Diagnostic(code: "c", message, at: span), Diagnostic(code: "d", message, at: span)]
            }
        }
        let before = Diagnostic.reportOrder
        for a in all {
            #expect(!before(a, a))
            for b in all {
                #expect(!(before(a, b) && before(b, a)))
                #expect(a == b || before(a, b) || before(b, a))
                for c in all where before(a, b) && before(b, c) { #expect(before(a, c)) }
            }
        }
    }

    @Test func oneErrorSpeaksForItself() {
        let failure = DiagnosticsFailure([
            Diagnostic(.warning, code: "w", "careful"), Diagnostic(code: "e", "broken", hint: "mend", at: span("f", 4)),
        ])
        #expect(failure.code == "e" && failure.message == "broken" && failure.hint == "mend")
        #expect(failure.span == span("f", 4) && failure.errors.count == 1)
    }

    @Test func severalErrorsAreCounted() {
        let mixed = DiagnosticsFailure([Diagnostic(code: "e", "x"), Diagnostic(code: "f", "y")])
        #expect(mixed.code == "input.invalid" && mixed.message == "2 errors in the input" && mixed.hint == nil)
        #expect(DiagnosticsFailure([Diagnostic(code: "e", "x"), Diagnostic(code: "e", "y")]).code == "e")
        #expect(mixed.description == "error: x [e]\nerror: y [f]")
    }

    @Test func failuresRenderAsDiagnostics() {
        let failure = FileFailure(.exists, "x exists already", hint: "remove it")
        #expect(failure.description == "error: x exists already [file.exists]\n  hint: remove it")
        #expect("\(failure)" == failure.description)
        #expect(failure.retry == .afterFix)
    }
}
