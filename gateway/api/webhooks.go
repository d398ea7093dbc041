package api

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"framegate/gateway/api/problem"
	"framegate/gateway/auth"
	"framegate/gateway/config"
	"framegate/gateway/store"
)

func (a *API) registerWebhooks(r registrar) {
	const tag = "notifications"
	add(r, operation{
		Route: Route{http.MethodGet, "/api/v1/webhooks", auth.Admin}, id: "list-webhooks", tag: tag,
		summary: "List webhooks", about: "Those of the configuration file, and those that were added here, with how it goes with them. Of an address only the host is shown: whoever knows the rest could post there too.",
	}, a.listWebhooks)
	add(r, operation{
		Route: Route{http.MethodPost, "/api/v1/webhooks", auth.Admin}, id: "add-webhook", tag: tag, status: http.StatusCreated,
		summary: "Add a webhook", about: "Events are posted to it from then on, and it is kept, for all nodes of a cluster. Its address may not be one where cameras may not be either.",
		problems: []int{http.StatusConflict, http.StatusUnprocessableEntity, http.StatusServiceUnavailable},
	}, a.addWebhook)
	add(r, operation{
		Route: Route{http.MethodGet, "/api/v1/webhooks/{name}", auth.Admin}, id: "get-webhook", tag: tag,
		summary: "Show a webhook", about: "With an ETag to change it by, where it was added here.",
	}, a.getWebhook)
	add(r, operation{
		Route: Route{http.MethodPatch, "/api/v1/webhooks/{name}", auth.Admin}, id: "change-webhook", tag: tag,
		summary: "Change a webhook", about: "Only what is named changes; an empty text or list takes it away. What waits for it goes on to wait. With If-Match it changes only what you read.",
		problems: []int{http.StatusConflict, http.StatusPreconditionFailed, http.StatusUnprocessableEntity, http.StatusServiceUnavailable},
	}, a.changeWebhook)
	add(r, operation{
		Route: Route{http.MethodDelete, "/api/v1/webhooks/{name}", auth.Admin}, id: "remove-webhook", tag: tag,
		summary: "Remove a webhook", about: "What waits for it is forgotten.",
		problems: []int{http.StatusConflict, http.StatusPreconditionFailed, http.StatusServiceUnavailable},
	}, a.removeWebhook)
	add(r, operation{
		Route: Route{http.MethodPost, "/api/v1/webhooks/{name}/test", auth.Admin}, id: "test-webhook", tag: tag,
		summary: "Send a webhook a test", about: "Posts an event of the type test to it, once, also where it is switched off, and says what was answered. Of a cluster this node does.",
		problems: []int{http.StatusServiceUnavailable},
	}, a.testWebhook)
}

// keptWebhook is a webhook as it is kept.
type keptWebhook struct {
	Events  []string `json:"events,omitempty"` // nil for the usual ones
	Cameras []string `json:"cameras,omitempty"`
	Off     bool     `json:"off,omitempty"`

	hidden webhookSecrets
}

// webhookSecrets are what of it is encrypted in the store.
type webhookSecrets struct {
	URL    string `json:"url"`
	Secret string `json:"secret,omitempty"`
}

// webhookIn gives the webhook of a row.
func webhookIn(row store.Notified) (k keptWebhook, err error) {
	return k, readNotified(row, &k, &k.hidden)
}

func (k keptWebhook) row(name string) (store.Notified, error) {
	return notifiedRow(webhookPlace+name, k, k.hidden)
}

// config gives the webhook as it is told, whether it is switched on or not.
func (k keptWebhook) config(name string) (config.Webhook, error) {
	keys := map[string][]string{"url": {k.hidden.URL}}
	if k.hidden.Secret != "" {
		keys["secret"] = []string{k.hidden.Secret}
	}
	if len(k.Events) > 0 {
		keys["events"] = k.Events
	}
	if len(k.Cameras) > 0 {
		keys["cameras"] = k.Cameras
	}
	return config.NewWebhook(name, keys)
}

// webhook is a webhook as it is answered.
type webhook struct {
	Name      string     `json:"name" example:"ops"`
	Origin    string     `json:"origin" enum:"file,api" doc:"where it was configured; one of the file is changed there alone"`
	Enabled   bool       `json:"enabled" doc:"whether it is told"`
	Address   string     `json:"address" doc:"as far as it is not secret" example:"https://example.org"`
	SecretSet bool       `json:"secret_set" doc:"whether deliveries are signed; by what is never shown"`
	Events    []string   `json:"events" nullable:"false" doc:"the kinds that it is told"`
	Usual     bool       `json:"usual" doc:"whether those are the usual ones because nobody named any"`
	Cameras   []string   `json:"cameras" nullable:"false" doc:"whose events it has; none is all. Those of no camera come anyway"`
	Telling   *telling   `json:"telling,omitempty" doc:"how it goes, at this node; not there where it is not told"`
	Left      string     `json:"left,omitempty" doc:"why it is left out, where it does not fit this version"`
	Revision  int64      `json:"revision,omitempty" doc:"which state this is; the ETag has it too"`
	Created   *time.Time `json:"created,omitempty" doc:"when it was added"`
	Changed   *time.Time `json:"changed,omitempty" doc:"when it was changed last"`
}

// webhookOf gives a webhook of the file.
func webhookOf(w config.Webhook, notified []Notified) webhook {
	return webhook{
		Name: w.Name, Origin: "file", Enabled: true, Address: w.Shown(), SecretSet: !w.Key.Empty(), Events: w.Events, Cameras: append([]string{}, w.Cameras...),
		Telling: tellingOf(notified, kindWebhook, w.Name),
	}
}

// addedWebhook gives one that was added here.
func addedWebhook(row store.Notified, notified []Notified) webhook {
	name, _ := webhookNameOf(row)
	answer := webhook{Name: name, Origin: "api", Events: []string{}, Cameras: []string{}, Revision: row.Revision, Created: timeOf(row.Created), Changed: timeOf(row.Changed)}
	k, err := webhookIn(row)
	if err != nil {
		answer.Left = err.Error()
		return answer
	}
	w, err := k.config(name)
	if err != nil {
		answer.Left = err.Error()
	}
	answer.Enabled, answer.Address, answer.SecretSet = !k.Off, w.Shown(), k.hidden.Secret != ""
	answer.Events, answer.Usual, answer.Cameras = append([]string{}, w.Events...), len(k.Events) == 0, append([]string{}, w.Cameras...)
	if answer.Enabled {
		answer.Telling = tellingOf(notified, kindWebhook, name)
	}
	return answer
}

type webhookList struct {
	Webhooks []webhook `json:"webhooks" nullable:"false"`
	Events   []string  `json:"events" nullable:"false" doc:"the kinds that one can be told"`
	Usual    []string  `json:"usual" nullable:"false" doc:"those that one is told where none are named"`
	Most     int       `json:"most" doc:"how many there may be"`
}

type webhookAnswer struct {
	ETag string `header:"ETag" doc:"which state this is, for If-Match; not there for one of the file"`
	Body webhook
}

type newWebhookAnswer struct {
	ETag     string `header:"ETag" doc:"which state this is, for If-Match"`
	Location string `header:"Location" doc:"its address"`
	Body     webhook
}

// newWebhook is a webhook as it is added.
type newWebhook struct {
	Name    string   `json:"name" minLength:"1" maxLength:"32" doc:"of your own: a-z, 0-9 and -" example:"ops"`
	URL     string   `json:"url" minLength:"1" maxLength:"2048" doc:"where events are posted to, http or https; it is not shown again" example:"https://example.org/hooks/cameras"`
	Secret  string   `json:"secret,omitempty" maxLength:"256" doc:"what deliveries are signed with: whsec_ and 24 to 64 bytes in base64; it is not shown again"`
	Events  []string `json:"events,omitempty" nullable:"false" maxItems:"64" doc:"the kinds that it is told; the usual ones, where none are named" example:"[\"camera_offline\"]"`
	Cameras []string `json:"cameras,omitempty" nullable:"false" maxItems:"1000" doc:"whose events it has; of all, where none are named" example:"[\"front\"]"`
	Enabled *bool    `json:"enabled,omitempty" doc:"whether it is told; it is, where this is left out"`
}

// webhookChange is what is to be different of one.
type webhookChange struct {
	URL     *string   `json:"url,omitempty" minLength:"1" maxLength:"2048" doc:"where events are posted to"`
	Secret  *string   `json:"secret,omitempty" maxLength:"256" doc:"what deliveries are signed with; an empty one has them not signed"`
	Events  *[]string `json:"events,omitempty" nullable:"false" maxItems:"64" doc:"the kinds that it is told; an empty list is the usual ones"`
	Cameras *[]string `json:"cameras,omitempty" nullable:"false" maxItems:"1000" doc:"whose events it has; an empty list is all"`
	Enabled *bool     `json:"enabled,omitempty" doc:"whether it is told"`
}

// to gives what is to be kept in place of k.
func (c webhookChange) to(k keptWebhook) keptWebhook {
	if c.URL != nil {
		k.hidden.URL = *c.URL
	}
	if c.Secret != nil {
		k.hidden.Secret = *c.Secret
	}
	if c.Events != nil {
		k.Events = *c.Events
	}
	if c.Cameras != nil {
		k.Cameras = *c.Cameras
	}
	if c.Enabled != nil {
		k.Off = !*c.Enabled
	}
	return k
}

func (a *API) listWebhooks(ctx context.Context, _ *nothing) (*struct{ Body webhookList }, error) {
	all, err := a.webhooks(ctx)
	if err != nil {
		return nil, err
	}
	return &struct{ Body webhookList }{webhookList{all, config.WebhookEvents(), config.UsualWebhookEvents(), config.MaxWebhooks}}, nil
}

// webhooks gives those of the file, and behind them those that were added here and are of
// no name of the file's.
func (a *API) webhooks(ctx context.Context) ([]webhook, error) {
	rows, err := a.options.Store.AllNotified(ctx)
	if err != nil {
		return nil, err
	}
	all, notified := []webhook{}, a.options.Gateway.Facts().Notified
	for _, w := range a.webhooksOfFile() {
		all = append(all, webhookOf(w, notified))
	}
	for _, row := range rows {
		if name, is := webhookNameOf(row); is && !a.inFile(name) {
			all = append(all, addedWebhook(row, notified))
		}
	}
	return all, nil
}

func webhookNameOf(row store.Notified) (name string, is bool) {
	return strings.CutPrefix(row.Name, webhookPlace)
}

func (a *API) webhooksOfFile() []config.Webhook {
	return a.options.Gateway.Settings().Config.Notify.Webhooks
}

func (a *API) inFile(webhook string) bool {
	return slices.ContainsFunc(a.webhooksOfFile(), func(w config.Webhook) bool { return w.Name == webhook })
}

// webhookInFile says that a webhook is not the API's to change.
func webhookInFile(name string) error {
	return problem.New(http.StatusConflict, "webhook "+name+" is in the configuration file; change it there").Coded(problem.OfFile)
}

func (a *API) getWebhook(ctx context.Context, in *struct {
	Name string `path:"name" maxLength:"32" doc:"the webhook" example:"ops"`
}) (*webhookAnswer, error) {
	notified := a.options.Gateway.Facts().Notified
	for _, w := range a.webhooksOfFile() {
		if w.Name == in.Name {
			return &webhookAnswer{Body: webhookOf(w, notified)}, nil
		}
	}
	row, err := a.options.Store.Notified(ctx, webhookPlace+in.Name)
	if err != nil {
		return nil, err
	}
	return &webhookAnswer{etag(row.Revision), addedWebhook(row, notified)}, nil
}

func (a *API) addWebhook(ctx context.Context, in *struct{ Body newWebhook }) (*newWebhookAnswer, error) {
	p, b := principalOf(ctx), in.Body
	k := keptWebhook{Events: b.Events, Cameras: b.Cameras, Off: b.Enabled != nil && !*b.Enabled, hidden: webhookSecrets{b.URL, b.Secret}}
	w, err := k.config(b.Name)
	if err != nil {
		return nil, mistakesIn("the webhook cannot be taken", err)
	}
	ctx, end := a.changingNotified(ctx)
	defer end()
	if err := a.fitsWebhook(ctx, w, true); err != nil {
		return nil, err
	}
	row, err := k.row(b.Name)
	if err != nil {
		return nil, err
	}
	if row, err = a.options.Store.AddNotified(ctx, row); err != nil {
		return nil, err
	}
	if err := a.takeNotified(ctx); err != nil {
		return nil, err
	}
	a.log.Info("webhook added", "webhook", w.Name, "address", w.Shown(), "by", p.String())
	return &newWebhookAnswer{etag(row.Revision), a.base(ctx) + "/api/v1/webhooks/" + w.Name, addedWebhook(row, a.options.Gateway.Facts().Notified)}, nil
}

// fitsWebhook refuses a webhook that does not go with the others, or leads where nothing is to be
// connected to.
func (a *API) fitsWebhook(ctx context.Context, w config.Webhook, fresh bool) error {
	if err := a.options.CheckNotified(w.URL.Reveal()); err != nil {
		return faulty("body.url", err.Error())
	}
	rows, err := a.options.Store.AllNotified(ctx)
	if err != nil {
		return err
	}
	others := slices.Clone(a.webhooksOfFile())
	for _, row := range rows {
		name, is := webhookNameOf(row)
		if !is || name == w.Name && !fresh || a.inFile(name) {
			continue
		}
		other := config.Webhook{Name: name}
		if k, err := webhookIn(row); err == nil {
			other, _ = k.config(name) // what does not fit any more counts, too
			other.Name = name
		}
		others = append(others, other)
	}
	for _, other := range others {
		switch {
		case other.Name == w.Name:
			return problem.New(http.StatusConflict, "there is a webhook "+w.Name+" already").Coded(problem.Exists)
		case other.URL == w.URL:
			return faulty("body.url", "is that of "+other.Name+" too; name the events of both there")
		}
	}
	if fresh && len(others) >= config.MaxWebhooks {
		return problem.New(http.StatusConflict, fmt.Sprintf("there are %d webhooks, which is the most", config.MaxWebhooks)).Coded(problem.TooMany)
	}
	return nil
}

func (a *API) changeWebhook(ctx context.Context, in *struct {
	Name    string `path:"name" maxLength:"32" doc:"the webhook" example:"ops"`
	IfMatch string `header:"If-Match" doc:"the ETag of what is to be changed; without it, whatever is there is"`
	Body    webhookChange
}) (*webhookAnswer, error) {
	p := principalOf(ctx)
	ctx, end := a.changingNotified(ctx)
	defer end()
	if a.inFile(in.Name) {
		return nil, webhookInFile(in.Name)
	}
	kept, err := a.keptNotified(ctx, webhookPlace+in.Name, in.IfMatch)
	if err != nil {
		return nil, err
	}
	before, err := webhookIn(kept)
	if err != nil {
		return nil, err
	}
	k := in.Body.to(before)
	w, err := k.config(in.Name)
	if err != nil {
		return nil, mistakesIn("the webhook cannot be taken", err)
	}
	if err := a.fitsWebhook(ctx, w, false); err != nil {
		return nil, err
	}
	row, err := k.row(in.Name)
	if err != nil {
		return nil, err
	}
	row.Revision = kept.Revision
	if row, err = a.options.Store.SetNotified(ctx, row); err != nil {
		return nil, err
	}
	if err := a.takeNotified(ctx); err != nil {
		return nil, err
	}
	a.log.Info("webhook changed", "webhook", w.Name, "address", w.Shown(), "on", !k.Off, "by", p.String())
	return &webhookAnswer{etag(row.Revision), addedWebhook(row, a.options.Gateway.Facts().Notified)}, nil
}

func (a *API) removeWebhook(ctx context.Context, in *struct {
	Name    string `path:"name" maxLength:"32" doc:"the webhook" example:"ops"`
	IfMatch string `header:"If-Match" doc:"the ETag of what is to be changed; without it, whatever is there is"`
}) (*nothing, error) {
	p := principalOf(ctx)
	ctx, end := a.changingNotified(ctx)
	defer end()
	if a.inFile(in.Name) {
		return nil, webhookInFile(in.Name)
	}
	if err := a.removeNotified(ctx, webhookPlace+in.Name, in.IfMatch); err != nil {
		return nil, err
	}
	a.log.Info("webhook removed", "webhook", in.Name, "by", p.String())
	return &nothing{}, nil
}

func (a *API) testWebhook(ctx context.Context, in *struct {
	Name string `path:"name" maxLength:"32" doc:"the webhook" example:"ops"`
}) (*triedAnswer, error) {
	for _, w := range a.webhooksOfFile() {
		if w.Name == in.Name {
			return a.try(ctx, config.Notify{Webhooks: []config.Webhook{w}})
		}
	}
	row, err := a.options.Store.Notified(ctx, webhookPlace+in.Name)
	if err != nil {
		return nil, err
	}
	k, err := webhookIn(row)
	if err != nil {
		return nil, err
	}
	w, err := k.config(in.Name)
	if err != nil {
		return nil, mistakesIn("the webhook does not fit this version", err)
	}
	return a.try(ctx, config.Notify{Webhooks: []config.Webhook{w}})
}
