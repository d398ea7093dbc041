package api

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"framegate/gateway/api/problem"
	"framegate/gateway/auth"
	"framegate/gateway/config"
	"framegate/gateway/store"
)

func (a *API) registerBroker(r registrar) {
	const tag = "notifications"
	add(r, operation{
		Route: Route{http.MethodGet, "/api/v1/mqtt", auth.Admin}, id: "get-broker", tag: tag,
		summary: "Show the broker of MQTT", about: "The one of the configuration file, or else the one that was given here, and how it goes. prefix, discovery and pictures are settings: notify.mqtt.prefix and so on.",
	}, a.getBroker)
	add(r, operation{
		Route: Route{http.MethodPatch, "/api/v1/mqtt", auth.Admin}, id: "change-broker", tag: tag,
		summary: "Give the broker of MQTT, or change it",
		about: "Only what is named changes. It is told how all is from then on, and is kept, for all nodes of a cluster. Who names another host, or one without TLS, has to name the password too. " +
			"Its address may not be one where cameras may not be either. With If-Match it changes only what you read.",
		problems: []int{http.StatusConflict, http.StatusPreconditionFailed, http.StatusUnprocessableEntity, http.StatusServiceUnavailable},
	}, a.changeBroker)
	add(r, operation{
		Route: Route{http.MethodDelete, "/api/v1/mqtt", auth.Admin}, id: "remove-broker", tag: tag,
		summary: "Take the broker of MQTT away", about: "The one that was given here. It is told that Framegate is offline.",
		problems: []int{http.StatusConflict, http.StatusPreconditionFailed, http.StatusServiceUnavailable},
	}, a.removeBroker)
	add(r, operation{
		Route: Route{http.MethodPost, "/api/v1/mqtt/test", auth.Admin}, id: "test-broker", tag: tag,
		summary: "Try the broker of MQTT", about: "Connects to it, logs in, and tells it something that it does not keep, also where it is switched off, and says what became of it. Of a cluster this node does.",
		problems: []int{http.StatusServiceUnavailable},
	}, a.testBroker)
}

// keptBroker is the broker as it is kept.
type keptBroker struct {
	URL      string `json:"url"`
	Username string `json:"username,omitempty"`
	Off      bool   `json:"off,omitempty"`

	hidden brokerSecrets
}

// brokerSecrets are what of it is encrypted in the store.
type brokerSecrets struct {
	Password string `json:"password"`
}

func brokerIn(row store.Notified) (k keptBroker, err error) {
	return k, readNotified(row, &k, &k.hidden)
}

func (k keptBroker) row() (store.Notified, error) {
	if k.hidden == (brokerSecrets{}) {
		return notifiedRow(brokerPlace, k, nil)
	}
	return notifiedRow(brokerPlace, k, k.hidden)
}

// config gives the broker as it is told, whether it is switched on or not.
func (k keptBroker) config() (config.MQTT, error) {
	return config.NewBroker(k.URL, k.Username, k.hidden.Password)
}

// broker is the broker as it is answered.
type broker struct {
	Origin      string     `json:"origin" enum:"none,file,api" doc:"where it was configured; one of the file is changed there alone"`
	Enabled     bool       `json:"enabled" doc:"whether it is told"`
	URL         string     `json:"url" doc:"where it is; empty for none" example:"mqtt://192.168.1.5:1883"`
	Username    string     `json:"username"`
	PasswordSet bool       `json:"password_set" doc:"whether there is a password, which is never shown"`
	Prefix      string     `json:"prefix" doc:"that topics begin with" example:"framegate"`
	Discovery   string     `json:"discovery" doc:"that topics of Home Assistant's discovery begin with; empty for none" example:"homeassistant"`
	Pictures    string     `json:"pictures" doc:"how often pictures are told, or off" example:"30s"`
	Telling     *telling   `json:"telling,omitempty" doc:"how it goes, at this node; not there where it is not told"`
	Left        string     `json:"left,omitempty" doc:"why it is left out, where it does not fit this version"`
	Revision    int64      `json:"revision,omitempty" doc:"which state this is; the ETag has it too"`
	Created     *time.Time `json:"created,omitempty" doc:"when it was given"`
	Changed     *time.Time `json:"changed,omitempty" doc:"when it was changed last"`
}

type brokerAnswer struct {
	ETag string `header:"ETag" doc:"which state this is, for If-Match; not there where none was given here"`
	Body broker
}

// brokerChange is what is to be different of it.
type brokerChange struct {
	URL      *string `json:"url,omitempty" maxLength:"2048" doc:"where it is, mqtt or mqtts" example:"mqtt://192.168.1.5"`
	Username *string `json:"username,omitempty" maxLength:"256"`
	Password *string `json:"password,omitempty" maxLength:"4096" doc:"an empty one takes it away; it is not shown again"`
	Enabled  *bool   `json:"enabled,omitempty" doc:"whether it is told; it is, where this was never named"`
}

// to gives what is to be kept in place of k.
func (c brokerChange) to(k keptBroker) keptBroker {
	if c.URL != nil {
		k.URL = *c.URL
	}
	if c.Username != nil {
		k.Username = *c.Username
		if k.Username == "" {
			k.hidden.Password = "" // which goes with it
		}
	}
	if c.Password != nil {
		k.hidden.Password = *c.Password
	}
	if c.Enabled != nil {
		k.Off = !*c.Enabled
	}
	return k
}

// misleads says that the password that is kept would go to another host, or in clear where it went
// over TLS: who may change the broker need not know it.
func (c brokerChange) misleads(before, after keptBroker) bool {
	if c.Password != nil || after.hidden.Password == "" {
		return false
	}
	from, errFrom := url.Parse(before.URL)
	to, errTo := url.Parse(after.URL)
	if errFrom != nil || errTo != nil {
		return true
	}
	return !sameHost(from, to) || from.Scheme == "mqtts" && to.Scheme != "mqtts"
}

func (a *API) brokerOfFile() (config.MQTT, bool) {
	m := a.options.Gateway.Settings().Config.Notify.MQTT
	return m, m.URL != ""
}

func errBrokerInFile() error {
	return problem.New(http.StatusConflict, "the broker is in the configuration file, under notify.mqtt; change it there").Coded(problem.OfFile)
}

func (a *API) getBroker(ctx context.Context, _ *nothing) (*brokerAnswer, error) {
	if m, is := a.brokerOfFile(); is {
		b := a.brokerOf(m)
		b.Origin, b.Enabled = "file", true
		b.Telling = tellingOf(a.options.Gateway.Facts().Notified, kindBroker, "")
		return &brokerAnswer{Body: b}, nil
	}
	row, err := a.options.Store.Notified(ctx, brokerPlace)
	if errors.Is(err, store.ErrUnknown) {
		return &brokerAnswer{Body: a.brokerOf(config.MQTT{})}, nil
	}
	if err != nil {
		return nil, err
	}
	return a.addedBroker(row), nil
}

// brokerOf gives what is answered of a broker, with what the settings say of all.
func (a *API) brokerOf(m config.MQTT) broker {
	set := a.options.Gateway.Settings().Config.Notify.MQTT
	return broker{
		Origin: "none", URL: m.URL, Username: m.Username, PasswordSet: !m.Password.Empty(),
		Prefix: set.Prefix, Discovery: set.Discovery, Pictures: set.Pictures.String(),
	}
}

// addedBroker gives the answer of one that was given here.
func (a *API) addedBroker(row store.Notified) *brokerAnswer {
	k, err := brokerIn(row)
	var m config.MQTT
	if err == nil {
		m, err = k.config()
	}
	b := a.brokerOf(m)
	b.Origin, b.Enabled, b.Revision, b.Created, b.Changed = "api", !k.Off, row.Revision, timeOf(row.Created), timeOf(row.Changed)
	if err != nil {
		b.Left = err.Error()
	}
	if b.Enabled {
		b.Telling = tellingOf(a.options.Gateway.Facts().Notified, kindBroker, "")
	}
	return &brokerAnswer{etag(row.Revision), b}
}

func (a *API) changeBroker(ctx context.Context, in *struct {
	IfMatch string `header:"If-Match" doc:"the ETag of what is to be changed; without it, whatever is there is"`
	Body    brokerChange
}) (*brokerAnswer, error) {
	p := principalOf(ctx)
	ctx, end := a.changingNotified(ctx)
	defer end()
	if _, is := a.brokerOfFile(); is {
		return nil, errBrokerInFile()
	}
	kept, err := a.keptNotified(ctx, brokerPlace, in.IfMatch)
	fresh := errors.Is(err, store.ErrUnknown)
	if err != nil && !fresh {
		return nil, err
	}
	var before keptBroker
	if !fresh {
		if before, err = brokerIn(kept); err != nil {
			return nil, err
		}
	}
	k := in.Body.to(before)
	m, err := k.config()
	if err != nil {
		return nil, mistakesIn("the broker cannot be taken", err)
	}
	k.URL = m.URL // with the port
	if err := a.options.CheckNotified(m.URL); err != nil {
		return nil, faulty("body.url", err.Error())
	}
	if !fresh && in.Body.misleads(before, k) {
		return nil, faulty("body.password", "write the broker's password once more, since it is to be sent to another host, or without encryption; or an empty one")
	}
	row, err := k.row()
	if err != nil {
		return nil, err
	}
	if row.Revision = kept.Revision; fresh {
		row, err = a.options.Store.AddNotified(ctx, row)
	} else {
		row, err = a.options.Store.SetNotified(ctx, row)
	}
	if err != nil {
		return nil, err
	}
	if err := a.takeNotified(ctx); err != nil {
		return nil, err
	}
	a.log.Info("broker changed", "broker", m.URL, "on", !k.Off, "by", p.String())
	return a.addedBroker(row), nil
}

func (a *API) removeBroker(ctx context.Context, in *struct {
	IfMatch string `header:"If-Match" doc:"the ETag of what is to be changed; without it, whatever is there is"`
}) (*nothing, error) {
	p := principalOf(ctx)
	ctx, end := a.changingNotified(ctx)
	defer end()
	if _, is := a.brokerOfFile(); is {
		return nil, errBrokerInFile()
	}
	if err := a.removeNotified(ctx, brokerPlace, in.IfMatch); err != nil {
		return nil, err
	}
	a.log.Info("broker removed", "by", p.String())
	return &nothing{}, nil
}

func (a *API) testBroker(ctx context.Context, _ *nothing) (*triedAnswer, error) {
	who := a.options.Gateway.Settings().Config.Notify
	who.Webhooks = nil
	if who.MQTT.URL != "" {
		return a.try(ctx, who)
	}
	row, err := a.options.Store.Notified(ctx, brokerPlace)
	if err != nil {
		return nil, err
	}
	k, err := brokerIn(row)
	if err != nil {
		return nil, err
	}
	m, err := k.config()
	if err != nil {
		return nil, mistakesIn("the broker does not fit this version", err)
	}
	return a.try(ctx, who.With(config.Added{MQTT: m}))
}
