package operation

import (
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"framegate/gateway/e2e/rig"
)

// object is what is looked at of an object of Kubernetes.
type object struct {
	Kind     string
	Metadata struct{ Name string }
	Data     map[string]string // of a ConfigMap
	Spec     struct {
		Selector map[string]any
		Ports    []struct {
			Protocol   string
			Port       int
			TargetPort string `yaml:"targetPort"`
		}
		ServiceName string `yaml:"serviceName"`
		Template    struct {
			Metadata struct{ Labels map[string]any }
			Spec     pod
		}
		Claims []struct{ Metadata struct{ Name string } } `yaml:"volumeClaimTemplates"`
	}
}

type pod struct {
	SecurityContext struct {
		RunAsUser int `yaml:"runAsUser"`
	} `yaml:"securityContext"`
	Containers []container
	Volumes    []struct {
		Name      string
		ConfigMap struct{ Name string } `yaml:"configMap"`
	}
}

type container struct {
	Args            []string
	Ports           []containerPort
	Startup         probe          `yaml:"startupProbe"`
	Liveness        probe          `yaml:"livenessProbe"`
	Readiness       probe          `yaml:"readinessProbe"`
	SecurityContext map[string]any `yaml:"securityContext"`
	Mounts          []mount        `yaml:"volumeMounts"`
}

type containerPort struct {
	Name, Protocol string
	Number         int `yaml:"containerPort"`
}

type mount struct {
	Name string
	Path string `yaml:"mountPath"`
}

type probe struct {
	HTTPGet struct{ Path, Port string } `yaml:"httpGet"`
}

// TestKubernetesExampleFitsTheImage: its objects name each other and what the image has,
// what they configure is right, and what they probe is there.
func TestKubernetesExampleFitsTheImage(t *testing.T) {
	objects := make(map[string]object)
	for document := range strings.SplitSeq(contentOf(t, scripts+"kubernetes.yaml"), "\n---\n") {
		var o object
		if err := yaml.Unmarshal([]byte(document), &o); err != nil {
			t.Fatal(err)
		}
		objects[o.Kind+" "+o.Metadata.Name] = o
	}
	set, service, settings := objects["StatefulSet framegate"], objects["Service framegate"], objects["ConfigMap framegate"]
	labels, p := set.Spec.Template.Metadata.Labels, set.Spec.Template.Spec
	if len(p.Containers) != 1 || len(labels) == 0 || set.Spec.ServiceName != service.Metadata.Name {
		t.Fatalf("no pod with one container that the service leads to: %+v", set)
	}
	byWebRTC := objects["Service framegate-webrtc"]
	for _, selected := range []any{service.Spec.Selector, byWebRTC.Spec.Selector, set.Spec.Selector["matchLabels"]} {
		if diff := cmp.Diff(any(labels), selected); diff != "" {
			t.Errorf("a selector is not the pod's labels: %s", diff)
		}
	}
	c := p.Containers[0]
	if c.Ports[0].Number != 8080 || !strings.Contains(contentOf(t, dockerfile), "\nEXPOSE 8080\n") || service.Spec.Ports[0].TargetPort != c.Ports[0].Name {
		t.Errorf("the service leads to another port than the image's: %+v, %+v", service.Spec.Ports, c.Ports)
	}
	for _, port := range byWebRTC.Spec.Ports {
		reached := slices.ContainsFunc(c.Ports, func(of containerPort) bool {
			return of.Name == port.TargetPort && of.Number == port.Port && of.Protocol == port.Protocol
		})
		if !reached || port.Port != 8555 || !strings.Contains(contentOf(t, dockerfile), "\nEXPOSE 8555/"+strings.ToLower(port.Protocol)+"\n") {
			t.Errorf("WebRTC goes to %+v, of %+v", port, c.Ports)
		}
	}
	if len(byWebRTC.Spec.Ports) != 2 || !strings.Contains(settings.Data["framegate.yaml"], "webrtc: {listen: 0.0.0.0:8555, ") {
		t.Errorf("WebRTC has %+v", byWebRTC.Spec.Ports)
	}
	if p.SecurityContext.RunAsUser != 10001 || !strings.Contains(contentOf(t, dockerfile), "\nUSER 10001:10001\n") {
		t.Errorf("it runs as user %d", p.SecurityContext.RunAsUser)
	}
	if c.SecurityContext["readOnlyRootFilesystem"] != true || c.SecurityContext["allowPrivilegeEscalation"] != false {
		t.Errorf("it may do more than it has to: %v", c.SecurityContext)
	}
	expectMounts(t, set, c)
	expectConfigured(t, settings, p, c)
	s := rig.Start(t, "")
	for _, probed := range []probe{c.Startup, c.Liveness, c.Readiness} {
		if probed.HTTPGet.Port != c.Ports[0].Name || s.Get(t, probed.HTTPGet.Path, rig.Credentials{}).StatusCode != http.StatusOK {
			t.Errorf("%+v finds nothing", probed)
		}
	}
}

// expectMounts expects a volume behind each mount.
func expectMounts(t *testing.T, set object, c container) {
	t.Helper()
	var volumes []string
	for _, v := range set.Spec.Template.Spec.Volumes {
		volumes = append(volumes, v.Name)
	}
	for _, claim := range set.Spec.Claims {
		volumes = append(volumes, claim.Metadata.Name)
		if !slices.Contains(imageFolders(t), "/"+claim.Metadata.Name) {
			t.Errorf("the image has no folder for the volume %s", claim.Metadata.Name)
		}
	}
	for _, mount := range c.Mounts {
		if !slices.Contains(volumes, mount.Name) {
			t.Errorf("there is no volume %s", mount.Name)
		}
	}
}

// expectConfigured expects serve to be given the ConfigMap's file, and check to find
// nothing wrong with that, but for its folders, which are not here.
func expectConfigured(t *testing.T, settings object, p pod, c container) {
	t.Helper()
	folder, name := path.Split(c.Args[len(c.Args)-1])
	volume := p.Volumes[0]
	if volume.ConfigMap.Name != settings.Metadata.Name || !slices.Contains(c.Mounts, mount{volume.Name, path.Clean(folder)}) || settings.Data[name] == "" {
		t.Fatalf("nothing is mounted as %s%s", folder, name)
	}
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(settings.Data[name]), 0o600); err != nil {
		t.Fatal(err)
	}
	expectGood(t, []string{"FRAMEGATE_RECORDINGS__DIR=" + t.TempDir()}, file)
}
