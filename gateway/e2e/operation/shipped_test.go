package operation

import (
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"framegate/gateway/e2e/rig"
)

// scripts is where what is shipped besides the program lies.
const scripts = "../../../scripts/"

// contentOf is what a file of the repository, or one made of it, holds.
func contentOf(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// dockerfile is what the container's image is made of.
const dockerfile = scripts + "../Dockerfile"

// imageVariables are what a program in the image has in its environment.
func imageVariables(t *testing.T) []string {
	t.Helper()
	found := regexp.MustCompile(`(?m)^ENV (.*)$`).FindStringSubmatch(contentOf(t, dockerfile))
	if found == nil {
		t.Fatal("the Dockerfile gives no variables")
	}
	return strings.Fields(found[1])
}

// imageFolders are the folders that the image's user may write to, where volumes belong.
func imageFolders(t *testing.T) []string {
	t.Helper()
	found := regexp.MustCompile(`(?m)cd /image && install -d -m 0700 -o framegate (.*)$`).FindStringSubmatch(contentOf(t, dockerfile))
	if found == nil {
		t.Fatal("the Dockerfile makes no folders for the user framegate")
	}
	folders := strings.Fields(found[1])
	for i := range folders {
		folders[i] = "/" + folders[i]
	}
	return folders
}

// expectGood expects check to find nothing wrong with this around it.
func expectGood(t *testing.T, variables []string, args ...string) {
	t.Helper()
	status, stdout, stderr := rig.SayIn(t, append([]string{"PATH=" + os.Getenv("PATH"), "FRAMEGATE_DATA=" + t.TempDir()}, variables...), append([]string{"check"}, args...)...)
	if status != 0 || !strings.HasPrefix(stdout, "good: ") {
		t.Errorf("check: status %d, says %q, %q", status, stdout, stderr)
	}
}

// composed is a file of Compose.
type composed struct {
	Volumes  map[string]any
	Configs  map[string]struct{ File string }
	Services map[string]struct {
		Build       struct{ Context string }
		Image       string
		Command     []string
		Configs     []struct{ Source, Target string }
		Ports       []string
		Environment map[string]string
		Volumes     []string
		ReadOnly    bool     `yaml:"read_only"`
		CapDrop     []string `yaml:"cap_drop"`
		SecurityOpt []string `yaml:"security_opt"`
		Healthcheck struct{ Test []string }
	}
}

// TestComposeFilesFitTheImage: what they name is there, and what they configure is right.
func TestComposeFilesFitTheImage(t *testing.T) {
	for name, services := range map[string]int{"compose.yaml": 1, "compose.cluster.yaml": 3, "compose.nats.yaml": 4} {
		var file composed
		if err := yaml.Unmarshal([]byte(contentOf(t, scripts+name)), &file); err != nil {
			t.Fatal(err)
		}
		if len(file.Services) != services {
			t.Errorf("%s has %d services", name, len(file.Services))
		}
		for service := range file.Services {
			judge := file.judge
			if service == "nats" {
				judge = file.judgeNATS
			}
			t.Run(name+" "+service, func(t *testing.T) { judge(t, service) })
		}
	}
}

// natsPassword stands in a file of Compose where that puts a variable.
const natsPassword = "${NATS_PASSWORD:?}"

// judgeNATS has the NATS of the version that nodes have in them find nothing wrong with its configuration, and
// a node be let in by what it is told.
func (file composed) judgeNATS(t *testing.T, name string) {
	service, node := file.Services[name], file.Services["a"]
	file.judgeRights(t, name)
	if module := contentOf(t, scripts+"../go.mod"); !strings.Contains(module, "github.com/nats-io/nats-server/v2 v"+strings.TrimPrefix(service.Image, "nats:")+"\n") {
		t.Errorf("%s is another version than nodes have in them", service.Image)
	}
	if len(service.Configs) != 1 || !slices.Equal(service.Command, []string{"--config", service.Configs[0].Target}) {
		t.Fatalf("%+v", service)
	}
	configuration := scripts + file.Configs[service.Configs[0].Source].File // a service that is read-only takes no text of this file
	content := contentOf(t, configuration)
	check := exec.Command(rig.NATSServer(t), "-t", "-c", configuration)
	check.Env = []string{"NATS_PASSWORD=swordfish"}
	if said, err := check.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, said)
	}
	if service.Environment["NATS_PASSWORD"] != natsPassword || node.Environment["FRAMEGATE_CLUSTER__NATS__PASSWORD"] != natsPassword ||
		!strings.Contains(content, "{user: "+node.Environment["FRAMEGATE_CLUSTER__NATS__USERNAME"]+", password: $NATS_PASSWORD}") ||
		node.Environment["FRAMEGATE_CLUSTER__NATS__URLS"] != "nats://"+name+":4222" || !strings.Contains(content, "listen: 0.0.0.0:4222") {
		t.Errorf("nodes are not let in: %+v, %s", node.Environment, content)
	}
}

// judgeRights expects a service to have none that it does not need.
func (file composed) judgeRights(t *testing.T, name string) {
	t.Helper()
	service := file.Services[name]
	if !service.ReadOnly || !slices.Equal(service.CapDrop, []string{"ALL"}) || !slices.Equal(service.SecurityOpt, []string{"no-new-privileges:true"}) {
		t.Errorf("it may do more than it has to: %+v", service)
	}
}

// judge compares a service with the image.
func (file composed) judge(t *testing.T, name string) {
	service := file.Services[name]
	file.judgeRights(t, name)
	if contentOf(t, scripts+service.Build.Context+"/Dockerfile") != contentOf(t, dockerfile) {
		t.Error("it is built from another Dockerfile")
	}
	for _, port := range service.Ports {
		inside := port[strings.LastIndex(port, ":")+1:]
		if !strings.Contains(contentOf(t, dockerfile), "\nEXPOSE "+inside+"\n") {
			t.Errorf("the image exposes no port %s", inside)
		}
	}
	for _, volume := range service.Volumes {
		name, folder, _ := strings.Cut(volume, ":")
		if _, known := file.Volumes[name]; !known || !slices.Contains(imageFolders(t), folder) {
			t.Errorf("volume %s: nobody declares it, or the image has no such folder", volume)
		}
	}
	var check []string
	_, list, _ := strings.Cut(contentOf(t, dockerfile), "--retries=3 CMD ")
	if err := json.NewDecoder(strings.NewReader(list)).Decode(&check); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(service.Healthcheck.Test, append([]string{"CMD"}, check...)) {
		t.Errorf("it checks with %v, and the image with %v", service.Healthcheck.Test, check)
	}
	var variables []string
	for name, value := range service.Environment {
		if name == "FRAMEGATE_RECORDINGS__DIR" {
			if !slices.Contains(imageFolders(t), value) {
				t.Errorf("recordings go to %s", value)
			}
			value = t.TempDir()
		}
		if value == natsPassword {
			value = "swordfish"
		}
		variables = append(variables, name+"="+value)
	}
	if service.Environment["FRAMEGATE_CLUSTER__NAME"] != "" {
		variables = append(variables, "FRAMEGATE_DATA="+t.TempDir())
		if status, _, stderr := rig.SayIn(t, variables, "cluster", "ca", name); status != 0 {
			t.Fatal(stderr)
		}
	}
	expectGood(t, variables)
}

// TestServiceHasAGoodConfiguration: of its own, in the folder that its unit makes.
func TestServiceHasAGoodConfiguration(t *testing.T) {
	expectGood(t, nil, scripts+"framegate.yaml")
	if !strings.Contains(contentOf(t, scripts+"framegate.service"), "\nStateDirectory=framegate\n") ||
		!strings.Contains(contentOf(t, scripts+"framegate.yaml"), "\ndata: /var/lib/framegate\n") {
		t.Error("the unit makes another folder than the configuration names")
	}
}
