package onvif

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha1"
	"crypto/tls"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"framegate/gateway/camlogin"
	"framegate/gateway/stream"
)

// Options are how a camera is asked.
type Options struct {
	Address            string // of its device service, or its host alone; http or https
	Username, Password string
	InsecureTLS        bool // any certificate will do: cameras sign their own
	// Dial connects to it; nil is a plain net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// usualPath is where the device service is (ONVIF Core 5.1.1).
const usualPath = "/onvif/device_service"

// device is a camera that is asked, by one goroutine.
type device struct {
	options Options
	service *url.URL // the device service
	client  *http.Client
	login   camlogin.Login
	ahead   time.Duration // the camera's clock less ours
}

// newDevice makes one that was not asked yet. The error says what is wrong with the
// address.
func newDevice(o Options) (*device, error) {
	address := o.Address
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("is not the address of a camera; write its host, or http://host:port/onvif/device_service")
	}
	if u.User != nil {
		return nil, errors.New("has a name or password in it; give them beside it")
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = usualPath
	}
	dial := o.Dial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	secure := &tls.Config{InsecureSkipVerify: o.InsecureTLS}
	if o.InsecureTLS {
		secure.MinVersion = tls.VersionTLS10 // old cameras know no better
	}
	return &device{
		options: o, service: u, login: camlogin.Login{Username: o.Username, Password: o.Password},
		client: &http.Client{
			Transport: &http.Transport{
				DialContext: dial, TLSClientConfig: secure, ResponseHeaderTimeout: callTime, TLSHandshakeTimeout: callTime, MaxResponseHeaderBytes: 16 << 10,
				IdleConnTimeout: idleTime, DisableCompression: true,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

func (d *device) close() { d.client.CloseIdleConnections() }

// fault is what a camera answers that will not (SOAP 1.2, 5.4).
type fault struct {
	Code struct {
		Value   string
		Subcode struct {
			Value   string
			Subcode struct{ Value string }
		}
	}
	Reason struct{ Text string }
}

// refusal is what a camera says that will not do what it is asked.
type refusal struct{ text string }

func (r *refusal) Error() string { return "the camera says: " + r.text }

// Is says that it is an ErrRefused.
func (r *refusal) Is(target error) bool { return target == ErrRefused }

// call asks a service, whose path may be "" for that of the device, and reads the
// answer's body. The question is the XML of its body. Errors are ErrLogin, ErrNotONVIF,
// that of the connection, or what the camera says.
func (d *device) call(ctx context.Context, service *url.URL, question string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	answer, status, err := d.post(ctx, service, d.envelope(question))
	if err != nil {
		return err
	}
	var body struct {
		Body struct {
			Fault *fault
			Inner []byte `xml:",innerxml"`
		}
	}
	if err := decode(answer, &body); err != nil {
		if status != http.StatusOK {
			return fmt.Errorf("%w: HTTP status %d", ErrNotONVIF, status)
		}
		return err
	}
	switch f := body.Body.Fault; {
	case f != nil && strings.HasSuffix(f.Code.Subcode.Value, "NotAuthorized"), f != nil && strings.HasSuffix(f.Code.Subcode.Subcode.Value, "NotAuthorized"):
		return ErrLogin
	case f != nil:
		return &refusal{short(f.Reason.Text)}
	case status != http.StatusOK:
		return fmt.Errorf("%w: HTTP status %d", ErrNotONVIF, status)
	}
	return decode(answer, into)
}

// post sends a message, and once more with Digest where the camera wants that.
func (d *device) post(ctx context.Context, service *url.URL, message []byte) (answer []byte, status int, err error) {
	d.login.Begin(service.Scheme + "://" + service.Host)
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, service.String(), bytes.NewReader(message))
		if err != nil {
			return nil, 0, err
		}
		request.Header.Set("Content-Type", "application/soap+xml; charset=utf-8")
		authorization, err := d.login.Authorize(http.MethodPost, service.RequestURI())
		if err != nil {
			return nil, 0, err
		}
		if authorization != "" {
			request.Header.Set("Authorization", authorization)
		}
		response, err := d.client.Do(request)
		if err != nil {
			return nil, 0, plainly(err)
		}
		answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
		response.Body.Close()
		switch {
		case response.StatusCode == http.StatusUnauthorized:
			if err := d.login.Challenged(response.Header.Values("WWW-Authenticate")); errors.Is(err, stream.ErrDenied) {
				return nil, 0, ErrLogin
			} else if err != nil {
				return nil, 0, err
			}
			continue
		case err != nil:
			return nil, 0, fmt.Errorf("reading the camera's answer: %w", plainly(err))
		case len(answer) > maxAnswer:
			return nil, 0, fmt.Errorf("%w: an answer of more than %d bytes", ErrNotONVIF, maxAnswer)
		}
		return answer, response.StatusCode, nil
	}
}

// plainly gives an error without the address, which the caller knows.
func plainly(err error) error {
	var failed *url.Error
	if errors.As(err, &failed) {
		return failed.Err
	}
	return err
}

// envelope puts a question into a message, with the login that it has (ONVIF Core
// 5.9.4, WS-Security UsernameToken 1.0). The time in it is that of the camera's clock,
// since cameras refuse what is old by theirs.
func (d *device) envelope(question string) []byte {
	var b bytes.Buffer
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope">`)
	if d.options.Username != "" {
		nonce := make([]byte, 16)
		_, _ = rand.Read(nonce) // which never fails
		created := time.Now().Add(d.ahead).UTC().Format("2006-01-02T15:04:05.000Z")
		digest := sha1.New()
		digest.Write(nonce)
		io.WriteString(digest, created+d.options.Password)
		b.WriteString(`<s:Header><Security s:mustUnderstand="1" xmlns="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"><UsernameToken><Username>`)
		_ = xml.EscapeText(&b, []byte(d.options.Username))
		fmt.Fprintf(&b, `</Username><Password Type="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest">%s</Password>`,
			base64.StdEncoding.EncodeToString(digest.Sum(nil)))
		fmt.Fprintf(&b, `<Nonce EncodingType="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary">%s</Nonce>`,
			base64.StdEncoding.EncodeToString(nonce))
		fmt.Fprintf(&b, `<Created xmlns="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd">%s</Created></UsernameToken></Security></s:Header>`, created)
	}
	b.WriteString(`<s:Body>` + question + `</s:Body></s:Envelope>`)
	return b.Bytes()
}

// here gives an address of the camera's as it is from here: at the host that is asked,
// under its own port and path. nil is for what is no address, or a longer one than a
// camera's source may be.
func (d *device) here(said string, schemes ...string) *url.URL {
	u, err := url.Parse(strings.TrimSpace(said))
	if err != nil || u.Host == "" || len(said) > maxURLBytes {
		return nil
	}
	for _, scheme := range schemes {
		if u.Scheme == scheme {
			moved, err := url.Parse(at(u, d.service.Hostname()))
			if err != nil {
				return nil
			}
			return moved
		}
	}
	return nil
}
