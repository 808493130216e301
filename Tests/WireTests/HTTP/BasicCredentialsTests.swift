import Testing
import Wire

@Suite("Names and passwords in headers") struct BasicCredentialsTests {
    // swift-format-ignore
    static let headers: [(header: String, user: String?, password: String?)] = [
        ("Basic amRvZTpVUERBVEVLRVk=",  "jdoe", "UPDATEKEY"),
        ("basic amRvZTpVUERBVEVLRVk",   "jdoe", "UPDATEKEY"),
        ("Basic amRvZTphOmI=",          "jdoe", "a:b"),
        ("Basic Og==",                  "", ""),
        ("Basic amRvZQ==",              nil, nil),
        ("Basic",                       nil, nil),
        ("Basic ",                      nil, nil),
        ("Basic a",                     nil, nil),
        ("Basic amRv ZTp4",             nil, nil),
        ("Basic /zo/",                  nil, nil),
        ("Bearer amRvZTpVUERBVEVLRVk=", nil, nil),
        ("Basic w6Q6w7Y=",              "ä", "ö"),
    ]

    @Test(arguments: headers) func areRead(_ header: String, _ user: String?, _ password: String?) {
        let credentials = BasicCredentials(parsing: header)

        #expect(credentials?.user == user && credentials?.password == password)
    }

    // swift-format-ignore
    static let forwarded: [(headers: [String], client: String?)] = [
        ([], nil), ([""], nil), (["9.9.9.9"], "9.9.9.9"), ([" 9.9.9.9 "], "9.9.9.9"), (["1.1.1.1,9.9.9.9"], "9.9.9.9"),
        (["9.9.9.9, 192.0.2.1"], "9.9.9.9"), (["9.9.9.9, 192.0.2.1, 192.0.2.1"], "9.9.9.9"), (["9.9.9.9", "192.0.2.1"], "9.9.9.9"),
        (["9.9.9.9:4711"], "9.9.9.9"), (["[2001:db8::1]:80"], "2001:db8::1"), (["::ffff:9.9.9.9"], "9.9.9.9"),
        (["9.9.9.9,"], nil), (["9.9.9.9, unknown"], nil), (["192.0.2.1"], nil), (["9.9.9.9, ::ffff:192.0.2.1"], "9.9.9.9"),
        ([String(repeating: "192.0.2.1,", count: 40) + "192.0.2.1"], nil),
    ]

    @Test(arguments: forwarded) func andWhoAProxySpeaksFor(_ headers: [String], _ client: String?) throws {
        let proxies: Set = [try IPAddress(parsing: "192.0.2.1")]

        #expect(HTTPHeaderText.forwardedClient(in: headers, proxies: proxies)?.description == client)
    }
}
