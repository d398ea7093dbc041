package browsertest

import (
	"fmt"
	"net"
	"strings"
)

// LocalName is a name of this machine's to both browsers: Firefox is told so
// in its profile, Chromium by ResolverRules. No DNS has it (RFC 6761, 6.2).
const LocalName = "framegate.test"

// ResolverRules is the flag by which Chromium takes LocalName for this machine.
const ResolverRules = "--host-resolver-rules=MAP " + LocalName + " 127.0.0.1"

// ownAddresses are this machine's, but for loopback's.
func ownAddresses() (addresses []string) {
	all, _ := net.InterfaceAddrs() // where they cannot be listed there is loopback
	for _, a := range all {
		if ip := a.(*net.IPNet).IP; ip.IsGlobalUnicast() && ip.To4() != nil {
			addresses = append(addresses, ip.String())
		}
	}
	return addresses
}

// preferences is the user.js of a profile: nothing is asked, and nothing goes
// out. Requests of the browser's own are turned off one by one, and, because
// new ones come with each version, whatever is not for this machine goes to a
// proxy that does not exist.
func preferences() []byte {
	var b strings.Builder
	for _, p := range []struct {
		name  string
		value any
	}{
		{"network.proxy.type", 1}, // as told here
		{"network.proxy.http", "127.0.0.1"},
		{"network.proxy.http_port", 9}, // discard: nobody listens
		{"network.proxy.ssl", "127.0.0.1"},
		{"network.proxy.ssl_port", 9},
		{"network.proxy.no_proxies_on", "localhost, 127.0.0.1, [::1], " + strings.Join(append(ownAddresses(), LocalName), ", ")},
		{"network.dns.localDomains", LocalName},
		{"network.proxy.failover_direct", false},
		{"network.trr.mode", 5}, // no DNS over HTTPS
		{"network.dns.disablePrefetch", true},
		{"network.http.http3.enable", false},                         // UDP does not ask the proxy
		{"media.peerconnection.ice.obfuscate_host_addresses", false}, // by names that are made known in the network
		{"media.peerconnection.ice.loopback", true},
		{"media.cubeb.force_mock_context", true}, // sound is heard by nobody, whether there is a device or not
		{"media.cubeb.sandbox", false},           // or the processes of pages have none
		{"network.captive-portal-service.enabled", false},
		{"network.connectivity-service.enabled", false},
		{"network.prefetch-next", false},

		{"app.normandy.enabled", false},
		{"app.update.disabledForTesting", true},
		{"app.update.auto", false},
		{"browser.safebrowsing.blockedURIs.enabled", false},
		{"browser.safebrowsing.downloads.remote.enabled", false},
		{"browser.safebrowsing.malware.enabled", false},
		{"browser.safebrowsing.phishing.enabled", false},
		{"browser.safebrowsing.provider.google4.updateURL", ""},
		{"browser.safebrowsing.provider.google5.updateURL", ""},
		{"browser.safebrowsing.provider.mozilla.updateURL", ""},
		{"browser.region.network.url", ""},
		{"browser.search.update", false},
		{"datareporting.healthreport.uploadEnabled", false},
		{"datareporting.policy.dataSubmissionEnabled", false},
		{"dom.push.connection.enabled", false},
		{"dom.push.serverURL", ""},
		{"extensions.blocklist.enabled", false},
		{"extensions.getAddons.cache.enabled", false},
		{"extensions.systemAddon.update.enabled", false},
		{"extensions.update.enabled", false},
		{"geo.provider.network.url", ""},
		{"media.gmp-manager.updateEnabled", false},
		{"media.gmp-provider.enabled", false},
		{"messaging-system.rsexperimentloader.enabled", false},
		{"services.settings.server", "data:,#remote-settings-dummy/v1"}, // which it knows as none
		{"toolkit.telemetry.enabled", false},
		{"toolkit.telemetry.server", "data:,"},
		{"toolkit.telemetry.unified", false},

		{"browser.aboutwelcome.enabled", false},
		{"browser.newtabpage.enabled", false},
		{"browser.sessionstore.resume_from_crash", false},
		{"browser.shell.checkDefaultBrowser", false},
		{"browser.startup.homepage_override.mstone", "ignore"},
		{"browser.startup.page", 0},
		{"browser.tabs.unloadOnLowMemory", false},
		{"browser.topsites.contile.enabled", false},
		{"startup.homepage_welcome_url", ""},
		{"trailhead.firstrun.didSeeAboutWelcome", true},
		{"media.autoplay.default", 0},                 // videos may play
		{"media.navigator.streams.fake", true},        // a camera and a microphone of its own
		{"media.navigator.permission.disabled", true}, // which pages have without being asked about
	} {
		fmt.Fprintf(&b, "user_pref(%q, %#v);\n", p.name, p.value)
	}
	return []byte(b.String())
}
