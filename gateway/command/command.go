// Package command is what can be said on the command line.
package command

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"framegate/gateway/config"
	"framegate/gateway/journal"
	"framegate/gateway/logging"
	"framegate/gateway/server"
)

// What the process says to whoever started it.
const (
	exitFine    = 0
	exitFailed  = 1 // it could not do, or go on doing, what it was asked
	exitMistake = 2 // the command line or the configuration has to change
)

// errMistake marks what the operator has to put right.
var errMistake = errors.New("configuration mistake")

// commandLine is all that can be said on the command line.
type commandLine struct {
	Serve       serveCommand       `cmd:"" default:"withargs" help:"Run the gateway (the default)."`
	Check       checkCommand       `cmd:"" help:"Check a configuration and exit."`
	Doctor      doctorCommand      `cmd:"" help:"Look at what a server needs and what it meets (ffmpeg, folders, ports, the clock, cameras), also beside one that runs, and say what to do."`
	Import      importCommand      `cmd:"" help:"Print a configuration made of one of go2rtc's, Frigate's or MediaMTX's, and say what of that has no place in it."`
	Index       indexCommand       `cmd:"" help:"Manage the index of recordings."`
	Notify      notifyCommand      `cmd:"" help:"Try those who are told of events."`
	User        userCommand        `cmd:"" help:"Manage those who may log in."`
	Token       tokenCommand       `cmd:"" help:"Manage the tokens of programs."`
	Cluster     clusterCommand     `cmd:"" help:"Make this server one of several that share cameras."`
	Backup      backupCommand      `cmd:"" help:"Put what a server cannot do without into one file, also while it runs: users, tokens, links, cameras of the API, certificates, what makes a node of a cluster."`
	Restore     restoreCommand     `cmd:"" help:"Take a backup apart into a data folder that has nothing of it yet."`
	Healthcheck healthcheckCommand `cmd:"" help:"Ask a running gateway on this machine whether it is well."`
	Completion  completionCommand  `cmd:"" help:"Print what has a shell complete these commands: source <(framegate completion bash)."`
	Complete    completeCommand    `cmd:"" hidden:""`
	Help        helpCommand        `cmd:"" help:"Show what a command does."`
	Version     versionCommand     `cmd:"" help:"Print the version."`
	ShowVersion kong.VersionFlag   `name:"version" help:"Print the version."`
}

// errTold marks what has been said already.
var errTold = errors.New("told already")

// environment is what a command finds around it.
type environment struct {
	ctx            context.Context
	variables      []string
	stdout, stderr io.Writer
}

// Run does what the arguments say until it is done or ctx is, and gives the exit
// status: 0, 1 where it could not do, or go on doing, what it was asked, or 2 where
// the command line or the configuration has to change. variables are those of the
// environment, as NAME=value. It writes errors to stderr, one line each.
func Run(ctx context.Context, args, variables []string, stdout, stderr io.Writer) int {
	exited := false
	parser, err := kong.New(&commandLine{},
		kong.Name("framegate"),
		kong.Description("A gateway for cameras: pictures in from browsers and cameras, out to every kind of viewer."),
		kong.Writers(stdout, stderr),
		kong.Vars{"version": versionLine()},
		kong.Exit(func(int) { exited = true }), // after --help and --version
	)
	if err != nil {
		panic(err) // commandLine's tags are wrong
	}
	command, err := parser.Parse(args)
	if exited {
		return exitFine
	}
	if err != nil {
		fmt.Fprintf(stderr, "framegate: %v\n", err)
		return exitMistake
	}
	err = command.Run(parser, &environment{ctx: ctx, variables: variables, stdout: stdout, stderr: stderr})
	switch {
	case err == nil:
		return exitFine
	case errors.Is(err, errMistake):
		fmt.Fprintln(stderr, strings.TrimSuffix(err.Error(), ": "+errMistake.Error()))
		return exitMistake
	case errors.Is(err, errTold):
		return exitMistake
	}
	fmt.Fprintf(stderr, "framegate: %v\n", err)
	return exitFailed
}

// configFlags choose the configuration.
type configFlags struct {
	Config string `placeholder:"FILE" help:"Configuration file (YAML). Without one: a test pattern and an upload camera."`
}

// load reads the configuration.
func (f configFlags) load(env *environment) (*config.Config, error) {
	content, err := config.Read(f.Config)
	if err != nil {
		return nil, mistake(err)
	}
	return f.understand(env, content, nil)
}

// understand is load for a file with this content, on top of what was given in the app.
func (f configFlags) understand(env *environment, content []byte, kept config.Kept) (*config.Config, error) {
	c, err := config.ParseKept(kept, f.Config, content, env.variables)
	if err != nil {
		return nil, mistake(err)
	}
	return c, nil
}

func mistake(err error) error { return fmt.Errorf("%w: %w", err, errMistake) }

// serveFlags say what is to be served, and where.
type serveFlags struct {
	configFlags
	Listen    string `placeholder:"HOST:PORT" help:"Where to listen, instead of what the configuration says. A socket of systemd's goes before both."`
	AllowOpen bool   `help:"Listen on other than loopback addresses though there is no authentication: whoever reaches the port sees and publishes everything."`
}

// settings gives the configuration with this content, on top of what was given in the
// app, with what the command line says instead. An error is what keeps serve from starting.
func (f serveFlags) settings(env *environment, content []byte, kept config.Kept) (*config.Config, error) {
	settings, err := f.listening(env, content, kept)
	if err != nil {
		return nil, err
	}
	if at, open := settings.OpenListener(); settings.Auth == config.AuthOff && open && !f.AllowOpen {
		return nil, mistake(fmt.Errorf("framegate: listening on %s with auth: off would open every camera to whoever reaches it: "+
			"listen on 127.0.0.1, leave auth at required, or say --allow-open if the network around is trusted", at))
	}
	return settings, nil
}

// listening is settings also where serve would not start.
func (f serveFlags) listening(env *environment, content []byte, kept config.Kept) (*config.Config, error) {
	settings, err := f.understand(env, content, kept)
	if err != nil || f.Listen == "" {
		return settings, err
	}
	if settings, err = settings.WithListen(f.Listen); err != nil {
		return nil, mistake(fmt.Errorf("framegate: --listen: %w", err))
	}
	return settings, nil
}

type serveCommand struct {
	serveFlags
	LogLevel  slog.Level     `default:"info" help:"debug, info, warn or error."`
	LogFormat logging.Format `default:"auto" help:"text, json, or auto: text on a terminal and JSON elsewhere."`
	Drain     time.Duration  `placeholder:"DURATION" help:"At the end, take nobody new, and wait so long at most until exports and downloads that are under way are done."`
}

// Run serves until the context ends.
func (c *serveCommand) Run(env *environment) error {
	content, err := config.Read(c.Config)
	if err != nil {
		return mistake(err)
	}
	socket, err := inherited()
	if err != nil {
		return mistake(fmt.Errorf("framegate: %w", err))
	}
	if socket != nil {
		c.Listen = socket.Addr().String()
	}
	settings, err := c.settings(env, content, nil)
	if err != nil {
		return err
	}
	kept := journal.New(io.Discard)
	log, endLog := logging.New(logging.Options{To: env.stderr, Format: c.LogFormat, Level: c.LogLevel, Kept: kept})
	defer endLog()
	reload := server.Reload{File: c.Config, Known: content, Parse: func(content []byte, kept config.Kept) (*config.Config, error) {
		return c.settings(env, content, kept)
	}}
	return server.Serve(env.ctx, server.Options{Config: settings, Socket: socket, Reload: reload, Drain: c.Drain, Version: version(), Journal: kept, Log: log}, env.stdout)
}

type healthcheckCommand struct {
	configFlags
	Listen string `placeholder:"HOST:PORT" help:"Where the gateway listens, if not where the configuration says."`
}

// Run asks the gateway of this configuration for /healthz. Over TLS any
// certificate will do: it is this machine that is asked. Whether it is over TLS
// the gateway tells by itself, so that a container, whose check knows nothing
// of the configuration that serve was given, is found well too.
func (c *healthcheckCommand) Run(env *environment) error {
	settings, err := c.load(env)
	if err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(cmp.Or(c.Listen, settings.Listen))
	if err != nil {
		return mistake(fmt.Errorf("framegate: %w", err))
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost" // it listens everywhere
	}
	scheme := "http"
	if settings.TLS.Mode != config.TLSOff {
		scheme = "https"
	}
	ctx, cancel := context.WithTimeout(env.ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+net.JoinHostPort(host, port)+"/healthz", nil)
	if err != nil {
		return mistake(fmt.Errorf("framegate: %w", err))
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{
		InsecureSkipVerify: true,
		ServerName:         "127.0.0.1", // no name, since there may be no certificate for localhost
	}}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, CheckRedirect: sameHost}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", request.URL, response.Status)
	}
	return nil
}

// sameHost follows a redirect to the same host and port only.
func sameHost(next *http.Request, before []*http.Request) error {
	if next.URL.Host != before[0].URL.Host || len(before) > 1 { // or in a circle
		return http.ErrUseLastResponse
	}
	return nil
}

type helpCommand struct {
	Command []string `arg:"" optional:"" help:"A command, such as user add."`
}

// Run shows what --help does behind the command.
func (c *helpCommand) Run(env *environment) error {
	if Run(env.ctx, append(c.Command, "--help"), env.variables, env.stdout, env.stderr) != exitFine {
		return errTold
	}
	return nil
}

type versionCommand struct{}

// Run prints the version.
func (versionCommand) Run(env *environment) error {
	fmt.Fprintln(env.stdout, versionLine())
	return nil
}

// versionLine says which build this is.
func versionLine() string {
	return fmt.Sprintf("framegate %s %s/%s %s", version(), runtime.GOOS, runtime.GOARCH, runtime.Version())
}

// release is which one this is, where a package or an image is made of it: the linker
// sets it (-X framegate/gateway/command.release=1.2).
var release string

// version is the release, else the module's, or the commit's where there is none.
func version() string {
	if release != "" {
		return release
	}
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := build.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range build.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return "devel"
}
