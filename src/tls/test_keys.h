// SPDX-License-Identifier: Apache-2.0
//
// Certificates and keys for tests. Everybody has these keys: they protect nothing.
//
// ECDSA P-256, valid from 2020 for a hundred years, but for one. Included by tests only.

#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace nearcast::tls {

// Signed the certificates of server and client.
inline constexpr std::string_view kCa = R"(-----BEGIN CERTIFICATE-----
MIIBTTCB86ADAgECAhReVaI7ZqZLkENKGU2x1PkIqZt0jTAKBggqhkjOPQQDAjAb
MRkwFwYDVQQDDBBOZWFyY2FzdCB0ZXN0IENBMCAXDTIwMDEwMTAwMDAwMFoYDzIx
MjAwMTAxMDAwMDAwWjAbMRkwFwYDVQQDDBBOZWFyY2FzdCB0ZXN0IENBMFkwEwYH
KoZIzj0CAQYIKoZIzj0DAQcDQgAEURAxrKQl9CGIKEFskoBQjSoHtABobU14HE52
8yTNRW31pukQiubzGDiRYnOWQGf/iQ+Q4cfANfdm4ziLS1lc16MTMBEwDwYDVR0T
AQH/BAUwAwEB/zAKBggqhkjOPQQDAgNJADBGAiEA4IGlC3AXAgjxpvU7iMlbca+O
KTXz/XPgewC5uMUrau8CIQCHQp3n6g/+rJbczpgcvKTn8FYasz5nB4iPb/552e+E
Pw==
-----END CERTIFICATE-----
)";
// For server.example and 127.0.0.1.
inline constexpr std::string_view kServer = R"(-----BEGIN CERTIFICATE-----
MIIBYjCCAQegAwIBAgIUIDxQuEYp+bZFVTfiS79UAhnWnt0wCgYIKoZIzj0EAwIw
GzEZMBcGA1UEAwwQTmVhcmNhc3QgdGVzdCBDQTAgFw0yMDAxMDEwMDAwMDBaGA8y
MTIwMDEwMTAwMDAwMFowETEPMA0GA1UEAwwGc2VydmVyMFkwEwYHKoZIzj0CAQYI
KoZIzj0DAQcDQgAENdLmCeviaARGyVQ/U9Ki0VSJA+XFbsOAHICFp9rOukuJbq0E
P5T+i6RmZEd8wEmLZ2TljMcf4aBMO2laGW9/zKMxMC8wDAYDVR0TAQH/BAIwADAf
BgNVHREEGDAWgg5zZXJ2ZXIuZXhhbXBsZYcEfwAAATAKBggqhkjOPQQDAgNJADBG
AiEAvy4I3rGa04I97I0VYzR+9n9mh6gZDocaW8iQXtyn6tICIQDZ4+EH85GR8k8V
nHhXbcx0viI1a2/GWnDbFVu8uerCuQ==
-----END CERTIFICATE-----
)";
inline constexpr std::string_view kServerKey = R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg7QX+fA3ECXQe1iCp
DCwcB6/OGtifhHsz1bxyxSARCOKhRANCAAQ10uYJ6+JoBEbJVD9T0qLRVIkD5cVu
w4AcgIWn2s66S4lurQQ/lP6LpGZkR3zASYtnZOWMxx/hoEw7aVoZb3/M
-----END PRIVATE KEY-----
)";
// With the same key, signed by itself; its time ended on 1 February 2020.
inline constexpr std::string_view kExpiredServer = R"(-----BEGIN CERTIFICATE-----
MIIBQDCB56ADAgECAhQfivZog0lGMuk4g3Lxdt865DmK1DAKBggqhkjOPQQDAjAR
MQ8wDQYDVQQDDAZzZXJ2ZXIwHhcNMjAwMTAxMDAwMDAwWhcNMjAwMjAxMDAwMDAw
WjARMQ8wDQYDVQQDDAZzZXJ2ZXIwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQ1
0uYJ6+JoBEbJVD9T0qLRVIkD5cVuw4AcgIWn2s66S4lurQQ/lP6LpGZkR3zASYtn
ZOWMxx/hoEw7aVoZb3/Mox0wGzAZBgNVHREEEjAQgg5zZXJ2ZXIuZXhhbXBsZTAK
BggqhkjOPQQDAgNIADBFAiB6biKBuChnDhSPW5uuqQWM+laEvJnn6/176PH0k24b
KgIhAJFS5hJ35wOx9bRfPvj3cURP8y0zw0BLTxZk1Cnc67Kz
-----END CERTIFICATE-----
)";
// Of its key.
inline constexpr std::string_view kServerPin =
    "sha256/tZwKQwmI6SBRYKMkggLnBYKB4wVNY7wFAy3amixfjJE=";
// For client.example.
inline constexpr std::string_view kClient = R"(-----BEGIN CERTIFICATE-----
MIIBWjCCAQGgAwIBAgIUZBdfgxLksor7n+OZ8WeZ4p0tW9wwCgYIKoZIzj0EAwIw
GzEZMBcGA1UEAwwQTmVhcmNhc3QgdGVzdCBDQTAgFw0yMDAxMDEwMDAwMDBaGA8y
MTIwMDEwMTAwMDAwMFowETEPMA0GA1UEAwwGY2xpZW50MFkwEwYHKoZIzj0CAQYI
KoZIzj0DAQcDQgAE+rdZwHFcGzZ9xQ6g/xX2lG9p1U6uaoA9rvuCAng7eLB7SvPz
qn6FJjZPczak8MVnc4eP5W86OkDIUB30zn8Y5KMrMCkwDAYDVR0TAQH/BAIwADAZ
BgNVHREEEjAQgg5DbGllbnQuRXhhbXBsZTAKBggqhkjOPQQDAgNHADBEAiBbKo4O
0Ee1gCnxevH6KaiTa6CARGu1/xp3s3jMGKVo6wIgUaaKcZmR8Kfx8hubKnKC5699
N7GXuPPgnN7yGfvwaes=
-----END CERTIFICATE-----
)";
inline constexpr std::string_view kClientKey = R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQghwXn0xLaw4qruyUj
JgcLrP0zpCG1nla5wj6faZkeZ/6hRANCAAT6t1nAcVwbNn3FDqD/FfaUb2nVTq5q
gD2u+4ICeDt4sHtK8/OqfoUmNk9zNqTwxWdzh4/lbzo6QMhQHfTOfxjk
-----END PRIVATE KEY-----
)";
// Says that it is both of them; signed by itself.
inline constexpr std::string_view kStranger = R"(-----BEGIN CERTIFICATE-----
MIIBZDCCAQugAwIBAgIUTgzTQlEX+E5cDyJlnuGfa+Lhd9gwCgYIKoZIzj0EAwIw
EzERMA8GA1UEAwwIc3RyYW5nZXIwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEw
MDAwMDBaMBMxETAPBgNVBAMMCHN0cmFuZ2VyMFkwEwYHKoZIzj0CAQYIKoZIzj0D
AQcDQgAE9DHjMJjIC1OUsngXfBqjl+nxf2lgU/onpiBkv+emQHB6cZyrLtwPQXwv
yYVFsfr5o1aUhtzYSGRBUPXdCRxg+6M7MDkwDAYDVR0TAQH/BAIwADApBgNVHREE
IjAggg5zZXJ2ZXIuZXhhbXBsZYIOY2xpZW50LmV4YW1wbGUwCgYIKoZIzj0EAwID
RwAwRAIgAx4B3YhoVt534J4SDRVSbhHURx1ufL4HLwTDxl4dyawCIHOiZKfN5V7y
8XDMRZLUK7LK7tFYdjU+woTz5kpt/ovw
-----END CERTIFICATE-----
)";
inline constexpr std::string_view kStrangerKey = R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgMp/PisY6l/WqQyIw
Cu2t5nSEIIKwFy50eFj8dOpzz9GhRANCAAT0MeMwmMgLU5SyeBd8GqOX6fF/aWBT
+iemIGS/56ZAcHpxnKsu3A9BfC/JhUWx+vmjVpSG3NhIZEFQ9d0JHGD7
-----END PRIVATE KEY-----
)";

// A folder that is gone with its object.
class TestFolder {
 public:
    TestFolder() {
        std::string name = std::filesystem::temp_directory_path() / "nearcast-test-XXXXXX";
        if (mkdtemp(name.data()) != nullptr) path_ = name;
    }
    TestFolder(const TestFolder&) = delete;
    TestFolder& operator=(const TestFolder&) = delete;
    ~TestFolder() { std::filesystem::remove_all(path_); }

    // Writes a file and returns its path.
    [[nodiscard]] std::string write(const std::string& name, std::string_view text) const {
        std::ofstream(path_ / name) << text;
        return path_ / name;
    }

 private:
    std::filesystem::path path_;
};

}  // namespace nearcast::tls
