package camtest

import "strings"

// Offer is one of WebRTC, of somebody who would see pictures, and never comes.
var Offer = strings.ReplaceAll(`v=0
o=- 1 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
m=video 9 UDP/TLS/RTP/SAVPF 102
c=IN IP4 0.0.0.0
a=ice-ufrag:somebody
a=ice-pwd:who-never-comes-and-has-a-long-word
a=fingerprint:sha-256 `+strings.Repeat("AB:", 31)+`AB
a=setup:actpass
a=mid:0
a=recvonly
a=rtcp-mux
a=rtpmap:102 H264/90000
a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f
`, "\n", "\r\n")
