package config

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"framegate/gateway/secret"
)

// MQTT says which broker is told how cameras are.
type MQTT struct {
	URL          string // mqtt:// or mqtts://, with the port; "" for none
	Username     string
	Password     secret.Text
	PasswordFile string   // that it was read from
	CA           string   // a PEM file of authorities for mqtts; "" for those of the system
	Prefix       string   // that topics begin with
	Discovery    string   // that topics of Home Assistant's discovery begin with; "" for none
	Pictures     Pictures // how often pictures are told
	Added        bool     // in the app, which may not lead to any address
}

// Pictures is the time from one picture of a camera to the next, at least.
type Pictures time.Duration

// PicturesOff is never.
const PicturesOff Pictures = 0

// MarshalText gives it as it would be written.
func (p Pictures) MarshalText() ([]byte, error) {
	if p == PicturesOff {
		return []byte("off"), nil
	}
	return []byte(durationText(time.Duration(p))), nil
}

// String is MarshalText's.
func (p Pictures) String() string {
	text, _ := p.MarshalText() // which gives no error
	return string(text)
}

func readPictures(v value) (Pictures, error) {
	if v.text == "off" {
		return PicturesOff, nil
	}
	d, err := durationWithin(v.text, 10*time.Second, 24*time.Hour)
	if err != nil {
		return 0, fmt.Errorf("%w, or off", err)
	}
	return Pictures(d), nil
}

func (d *draft) finishMQTT(m *MQTT) {
	const path = "notify.mqtt"
	if m.Discovery == "off" {
		m.Discovery = ""
	}
	d.finishPassword(path, m.Username, m.PasswordFile, &m.Password)
	if at := d.given[path+".ca"]; at.given() && !strings.HasPrefix(m.URL, "mqtts:") {
		d.report(at, path+".ca", "is for mqtts://; remove it, or write mqtts:// in url")
	}
	for _, key := range []string{"username", "prefix", "discovery", "pictures"} {
		if at := d.given[path+"."+key]; m.URL == "" && at.given() && !at.app { // which may have a broker
			d.report(at, path+"."+key, "needs a broker: write its url beside it, such as mqtt://192.168.1.5")
		}
	}
}

// brokerPorts are the ports of brokers that name none (MQTT 3.1.1, 4.2, and IANA).
var brokerPorts = map[string]string{"mqtt": "1883", "mqtts": "8883"}

// brokerURL reads where a broker is, and gives it with its port.
func brokerURL(v value) (string, error) {
	bad := errors.New("must be an address such as mqtt://192.168.1.5 or mqtts://broker.example.org:8883; user and password go into username and password")
	u, err := url.Parse(v.text)
	if err != nil || brokerPorts[u.Scheme] == "" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Path != "" && u.Path != "/" {
		return "", bad
	}
	if u.Port() == "" {
		u.Host += ":" + brokerPorts[u.Scheme]
	}
	if n, err := strconv.ParseUint(u.Port(), 10, 16); err != nil || n == 0 {
		return "", bad
	}
	return u.Scheme + "://" + u.Host, line(v.text, 2048)
}

// topicPrefix is what topics of ours begin with. It has no underscore and no slash, so
// that it and the id of a camera can be told apart where they are one word.
var topicPrefix = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,22}$`)

func prefixOfTopics(v value) (string, error) {
	if !topicPrefix.MatchString(v.text) {
		return "", fmt.Errorf("must be 1 to 23 of a-z, 0-9 and -, such as framegate, not %s", quote(v.text))
	}
	return v.text, nil
}

// discoveryPrefix is one that Home Assistant takes, which may have levels.
var discoveryPrefix = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}(/[A-Za-z0-9_-]{1,64}){0,4}$`)

func prefixOfDiscovery(v value) (string, error) {
	if !discoveryPrefix.MatchString(v.text) {
		return "", fmt.Errorf("must be the discovery prefix of Home Assistant, such as homeassistant, or off, not %s", quote(v.text))
	}
	return v.text, nil
}

// credential reads a secret of one line. The error does not hold it.
func credential(v value) (secret.Text, error) {
	return secret.New(v.text), line(v.text, maxPasswordFileBytes)
}
