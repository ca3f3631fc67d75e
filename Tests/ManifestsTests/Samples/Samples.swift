import ResealCore

@testable import ResealManifests

/// Manifests in which every key of every kind stands once at least.
enum Samples {
    struct Sample: CustomStringConvertible, Sendable {
        let kind: ResourceKind
        let text: String
        let description: String
    }

    static let all: [Sample] = ResourceKind.allCases.flatMap { kind in
        specs(kind).enumerated().map { i, spec in
            let head = "apiVersion: reseal/v1\nkind: \(kind.rawValue)\n" + metadata
            return Sample(kind: kind, text: head + "spec:\n" + spec.indented(2), description: "\(kind.rawValue)-\(i)")
        }
    }

    private static let metadata = """
        metadata:
          name: prod/sample
          organization: acme
          labels:
            team: orders
          annotations:
            note: "for people"

        """

    private static func specs(_ kind: ResourceKind) -> [String] {
        switch kind {
        case .repository: [repository]
        case .recipients: [recipients]
        case .role: [role]
        case .connection: connections
        case .secret: [secret] + generators.map { "rotation:\n  generate:\n" + $0.indented(4) } + handlers
        case .dynamicSecret: dynamicSecrets
        case .syncTarget: syncTargets
        case .notifier: notifiers
        case .alertRule: alertRules
        case .backupPolicy: [backupPolicy]
        }
    }

    private static let repository = """
        id: 0123456789abcdef-orders
        description: "All secrets of orders"
        environment: production
        requireBinding: true
        driftPolicy: revert
        limits:
          massDeletion:
            count: 5
            percent: 10
          fileBytes: 1048576
          valueBytes: 65536

        """

    private static let recipients = """
        controller: \(Key.controller)
        groups:
          ops:
            - \(Key.alice)
            - \(Key.bob)
        rules:
          - paths:
              - manifests/prod/**
            names:
              - prod/*
            pathRegex: "[.]ya?ml$"
            below: manifests/prod
            recipients:
              - group:ops
          - recipients:
              - \(Key.alice)
        fromSOPSConfig: .sops.yaml

        """

    private static let role = """
        description: "On call"
        members:
          - user:alice
          - service:orders
        oidc:
          - provider: github
            claims:
              repository: acme/orders
              ref: "refs/heads/*"
        certificates:
          - orders.internal

        """

    private static let secret = """
        type: database
        description: "Orders, primary"
        service: orders
        environment: production
        metadata:
          owner: team-orders
          tier: 1
        value:
          host: db.internal
        permissions:
          read:
            - role:backend
            - service:orders
          write:
            - role:sre
          rotate:
            - user:alice
          delete:
            - user:bob
        rotation:
          every: 30d
          keepPrevious: 7d
          window:
            cron: "0 3 * * 1-5"
            duration: 2h
          splay: 30m
          notify:
            - on-call
        expiresAt: 2031-01-31T08:00:00Z
        autoRenew: false
        sensitive: true
        sync:
          - cluster
        deletionProtection: true
        driftPolicy: report

        """

    private static let generators = [
        "kind: password\nfield: password\nlength: 40\nsymbols: \"-_\"\nexclude: lIO0\n",
        "kind: bytes\nlength: 64\nencoding: hex\n",
        "kind: uuid\n",
        "kind: passphrase\nwords: 6\nseparator: \" \"\n",
        "kind: ssh\nalgorithm: rsa\nbits: 4096\npublicField: public\ncomment: deploy\n",
        "kind: rsa\nbits: 2048\npublicField: public\n",
        "kind: ec\ncurve: p384\npublicField: public\n",
        "kind: ed25519\npublicField: public\n",
        """
        kind: x509
        field: key
        certificateField: certificate
        csrField: csr
        commonName: orders.internal
        dnsNames:
          - orders.internal
          - "*.orders.internal"
        ipAddresses:
          - 10.0.0.1
          - fd00::1
        validity: 90d
        algorithm: ec
        bits: 3072
        curve: p256
        issuer: ca/internal

        """,
    ]

    private static let handlers = [
        """
        rotation:
          handler:
            postgresql:
              connection: orders-admin
              role: orders
              alternateRole: orders_b

        """,
        "rotation:\n  handler:\n    exec:\n      command: reload-orders\n      timeout: 45s\n",
        """
        rotation:
          handler:
            http:
              connection: api
              path: /v1/rotate
              method: PUT
              timeout: 5s

        """,
        "rotation:\n  handler:\n    oauth:\n      connection: idp\n      scopes:\n        - read\n        - write\n",
    ]

    private static let credentials = "credentialsFrom:\n  secret: admin\n  usernameField: user\n  passwordField: pass\n"
    private static let connections = [
        "engine: postgresql\ndescription: x\nendpoint: main\ndatabase: orders\ntimeout: 5s\n" + credentials,
        "engine: http\nendpoint: api\ntimeout: 5s\n" + credentials,
        "engine: oauth\nendpoint: idp\n" + credentials,
        "engine: ssh\nendpoint: bastion\n" + credentials,
        "engine: aws\nendpoint: local\nregion: eu-central-1\n" + credentials,
        "engine: kubernetes\nendpoint: cluster\n" + credentials,
        "engine: github\nendpoint: ghe\n" + credentials,
    ]

    private static let dynamic = """
        description: x
        service: orders
        environment: production
        metadata:
          tier: 1
        ttl: 30m
        maxTTL: 4h
        permissions:
          generate:
            - role:backend
          revoke:
            - role:sre

        """
    private static let dynamicSecrets = [
        """
        engine: postgresql
        connection: orders-admin
        creation:
          - CREATE ROLE "{{name}}" LOGIN
          - GRANT orders TO "{{name}}"
        renewal:
          - SELECT 1
        revocation:
          - DROP ROLE "{{name}}"

        """ + dynamic,
        "engine: aws\nconnection: aws\nroleARN: arn:aws:iam::123456789012:role/x\nsessionPolicy: \"{}\"\n" + dynamic,
        """
        engine: ssh
        issuer: ca/ssh
        principals:
          - deploy
        extensions:
          - permit-pty

        """ + dynamic,
    ]

    private static let copies =
        "description: x\ndeletionPolicy: delete\nrefresh: 10m\nfields:\n  password: PGPASSWORD\n"
    private static let syncTargets = [
        "provider: kubernetes\nconnection: cluster\nnamespace: orders\nprefix: db-\nsecretType: Opaque\n" + copies,
        "provider: github-actions\nconnection: gh\nrepository: acme/orders\nenvironment: prod\nprefix: X_\n" + copies,
        "provider: aws-secrets-manager\nconnection: aws\nprefix: prod/\n" + copies,
        "provider: file\nfolder: run-secrets\nformat: env\n" + copies,
    ]

    private static let messages = "description: x\nevents:\n  - rotation.*\nminimumInterval: 0s\n"
    private static let notifiers = [
        "channel: webhook\nendpoint: hook\nsigningKeyFrom:\n  secret: hook-key\n  field: key\n" + messages,
        "channel: slack\nendpoint: chat\ntemplate: '{{event}} of {{name}}'\n" + messages,
        "channel: smtp\nendpoint: mail\nto:\n  - ops@example.org\nsubject: '{{event}}'\ntemplate: '{{message}}'\n"
            + credentials + messages,
        "channel: exec\ncommand: page\n" + messages,
    ]

    private static let conditions = [
        "expiresWithin: 14d", "rotationOverdueBy: 0s", "driftFor: 1h", "reconcileFailingFor: 15m",
        "writeBackPendingFor: 1h",
        "auditEvents:\n    actions:\n      - vault.secret.read\n    result: denied\n    count: 10\n    within: 5m",
    ]
    private static let alertRules = conditions.map { condition in
        """
        description: x
        when:
          \(condition)
        match:
          names:
            - prod/**
          types:
            - database
          labels:
            team: orders
        severity: critical
        notify:
          - on-call
        repeatEvery: 12h

        """
    }

    private static let backupPolicy = """
        description: x
        schedule: "30 2 * * *"
        target: offsite
        retention:
          last: 5
          daily: 14
          weekly: 8
          monthly: 12
        recipients:
          - \(Key.alice)
        verify: true
        notify:
          - on-call

        """
}
