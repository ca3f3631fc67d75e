import ResealAge
import ResealCore

@testable import ResealReconciler
@testable import reseal

/// The plan of docs/plan-format.md: a pull request, compared with its branch. The same on every machine.
enum PlanExample {
    static func document() throws -> JSON {
        let bench = try Workbench()
        let base = try bench.commit([
            "manifests/repository.yaml": Text.repository(id: "documentation-0001"),
            "manifests/recipients.yaml": Text.recipients(
                try X25519Recipient("age1numvns5de6yfy9ks9a4uzkq6ngrerkxeewalj2ww60tnlw4vkqes6gx932")),
            "manifests/roles.yaml": Text.role("backend", ["user:alice"]),
            "manifests/orders.yaml": secret(first, "permissions: {read: ['role:backend']}"),
        ])
        let head = try bench.commit(
            [
                "manifests/roles.yaml": Text.role("backend", ["user:alice", "user:bob"]),
                "manifests/orders.yaml": secret(second, "permissions: {read: ['role:backend', 'service:orders']}"),
            ], branch: "rotate-orders-db", from: base)
        var checkout = bench.checkout(head, ref: "rotate-orders-db")
        checkout.source.location = "https://git.example.org/team/config.git"
        let prepared = try KeylessComparison(checkout: checkout, base: base, allowsMassDeletion: false)
            .plan(now: Workbench.start)
        return PlanJSONView().document(prepared)
    }

    private static func secret(_ password: String, _ permissions: String) -> String {
        Text.secret("orders-db", ["host": "db.internal", "password": password], "type: database", permissions)
    }

    private static let first = """
        -----BEGIN AGE ENCRYPTED FILE-----
        YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSA4ajZxYzAxUTVibDNKczBN
        ZWVwQlFyZk1kS29tb0k2YnQ5aTBkRjdKWGh3Cm9XSzA5TUt6LzVSa0x1N1JGcVNy
        KytXeXZKYzBPZmtHVy8xUFQvYTdwRFUKLT4gcmVzZWFsLmRldi9iaW5kCmV5Smhk
        Q0k2SWpJd01qWXRNVEV0TWpSVU1UZzZNVGc2TWpJdU5EZzNXaUlzSW1acFpXeGtJ
        am9pY0dGemMzZHYKY21RaUxDSnVJam94TENKdmNtY2lPaUprWldaaGRXeDBJaXdp
        Y21Wd2J5STZJbVJ2WTNWdFpXNTBZWFJwYjI0dApNREF3TVNJc0luTmxZM0psZENJ
        NkltOXlaR1Z5Y3kxa1lpSXNJblJ2SWpwYklqRTJaakZoTVRJMFpEVTRPR1ZtCllq
        a2lYU3dpZGlJNk1YMAotLS0gWVRVWkQ5Z04rOW5nTWFOMlB1dTFldTl6dmlFYnRX
        OUdveGNjbkI2SXZGVQpYAsEvHHE99oH0FFlOqO7phrHHeWUCHDSzgBfx54Wp324l
        7sZRemdgiSPASg==
        -----END AGE ENCRYPTED FILE-----
        """
    private static let second = """
        -----BEGIN AGE ENCRYPTED FILE-----
        YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSAzV3dHbGVMQkVtdElZZmRs
        RFBHNTROM1pCVDJtV3ZERlNnWXROR3ZZT1d3CkErRE1jZ2lhamV3VEN5NEM2Q1Yv
        YXI3cUdHeHNzYmMvMzRyM3dHQUh6elkKLT4gcmVzZWFsLmRldi9iaW5kCmV5Smhk
        Q0k2SWpJd01qWXRNVEV0TWpSVU1UZzZNVGc2TWpJdU5qY3hXaUlzSW1acFpXeGtJ
        am9pY0dGemMzZHYKY21RaUxDSnVJam95TENKdmNtY2lPaUprWldaaGRXeDBJaXdp
        Y21Wd2J5STZJbVJ2WTNWdFpXNTBZWFJwYjI0dApNREF3TVNJc0luTmxZM0psZENJ
        NkltOXlaR1Z5Y3kxa1lpSXNJblJ2SWpwYklqRTJaakZoTVRJMFpEVTRPR1ZtCllq
        a2lYU3dpZGlJNk1YMAotLS0gUEFHdXRZdXpKLzdsbHU0Ykp2Rmp2Ymp4M1FhSCtI
        SVlLNEJyRWJKVGpRcwrQKZIR2xaVgTYKX81A4vUznLq47yHjKJ+Mx0IjQ1IpJt3d
        fBu3/hr63hEaLw==
        -----END AGE ENCRYPTED FILE-----
        """
}
