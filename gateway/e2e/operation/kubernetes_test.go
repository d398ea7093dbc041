package operation

import (
	"errors"
	"fmt"
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
		ClusterIP  string `yaml:"clusterIP"`
		NotReady   bool   `yaml:"publishNotReadyAddresses"`
		Management string `yaml:"podManagementPolicy"`
		Replicas   int
		Selector   map[string]any
		Ports      []struct {
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
	Links           bool `yaml:"enableServiceLinks"`
	SecurityContext struct {
		RunAsUser int    `yaml:"runAsUser"`
		Changes   string `yaml:"fsGroupChangePolicy"`
	} `yaml:"securityContext"`
	Containers []container
	Volumes    []volume
}

type volume struct {
	Name      string
	ConfigMap struct{ Name string } `yaml:"configMap"`
	Secret    struct {
		Name string `yaml:"secretName"`
	}
}

type container struct {
	Args            []string
	Env             []variable
	Ports           []containerPort
	Startup         probe          `yaml:"startupProbe"`
	Liveness        probe          `yaml:"livenessProbe"`
	Readiness       probe          `yaml:"readinessProbe"`
	SecurityContext map[string]any `yaml:"securityContext"`
	Mounts          []mount        `yaml:"volumeMounts"`
}

type variable struct {
	Name, Value string
	From        struct {
		Field struct {
			Path string `yaml:"fieldPath"`
		} `yaml:"fieldRef"`
	} `yaml:"valueFrom"`
}

type containerPort struct {
	Name, Protocol string
	Number         int `yaml:"containerPort"`
}

type mount struct {
	Name string
	Path string `yaml:"mountPath"`
	Sub  string `yaml:"subPathExpr"` // of the volume
}

type probe struct {
	HTTPGet struct{ Path, Port string } `yaml:"httpGet"`
}

// objectsOf gives the objects of a file by kind and name.
func objectsOf(t *testing.T, file string) map[string]object {
	t.Helper()
	objects := make(map[string]object)
	for document := range strings.SplitSeq(contentOf(t, scripts+file), "\n---\n") {
		var o object
		if err := yaml.Unmarshal([]byte(document), &o); err != nil {
			t.Fatal(err)
		}
		objects[o.Kind+" "+o.Metadata.Name] = o
	}
	return objects
}

// TestKubernetesExampleFitsTheImage: its objects name each other and what the image has,
// what they configure is right, and what they probe is there.
func TestKubernetesExampleFitsTheImage(t *testing.T) {
	objects := objectsOf(t, "kubernetes.yaml")
	set, settings := objects["StatefulSet framegate"], objects["ConfigMap framegate"]
	c := expectPod(t, objects, "framegate", "Service framegate", "Service framegate-webrtc")
	byWebRTC := objects["Service framegate-webrtc"]
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
	expectConfigured(t, settings, set.Spec.Template.Spec, c, "framegate-0", nil)
}

// TestKubernetesClusterFitsTheImage: so it is with three nodes, each of which gets the token of its name that the
// commands in the file's head make, and is found by the name that the others have as a seed.
func TestKubernetesClusterFitsTheImage(t *testing.T) {
	objects := objectsOf(t, "kubernetes.cluster.yaml")
	set, settings, byNodes := objects["StatefulSet framegate"], objects["ConfigMap framegate"], objects["Service framegate-nodes"]
	c := expectPod(t, objects, "framegate-nodes", "Service framegate", "Service framegate-nodes", "PodDisruptionBudget framegate")
	for i, name := range []string{"bus", "relay"} {
		if port := byNodes.Spec.Ports[i]; port.Port != 7421+i || port.TargetPort != name || !slices.Contains(c.Ports, containerPort{Name: name, Number: port.Port}) {
			t.Errorf("nodes go to %+v, of %+v", port, c.Ports)
		}
	}
	if byNodes.Spec.ClusterIP != "None" || !byNodes.Spec.NotReady || set.Spec.Replicas != 3 || set.Spec.Management != "Parallel" {
		t.Errorf("nodes do not find each other at the first start: %+v, %+v", byNodes.Spec, set.Spec)
	}
	p := set.Spec.Template.Spec
	i := slices.IndexFunc(c.Mounts, func(m mount) bool { return m.Sub == "$(POD_NAME)" })
	j := slices.IndexFunc(p.Volumes, func(v volume) bool { return v.Secret.Name == "framegate-tokens" })
	if i < 0 || j < 0 || c.Mounts[i].Name != p.Volumes[j].Name || !slices.Contains(c.Env, variable{Name: "FRAMEGATE_CLUSTER__TOKEN_FILE", Value: c.Mounts[i].Path}) {
		t.Fatalf("a pod gets no token: %+v, %+v, %+v", c.Mounts, p.Volumes, c.Env)
	}

	authority, data := []string{"FRAMEGATE_CLUSTER__NAME=yard", "FRAMEGATE_CLUSTER__ADVERTISE=localhost", "FRAMEGATE_DATA="}, t.TempDir()
	authority[2] += data
	say := func(args ...string) string {
		t.Helper()
		status, stdout, stderr := rig.SayIn(t, authority, args...)
		if status != 0 {
			t.Fatal(stderr)
		}
		return stdout
	}
	say("cluster", "ca", "framegate-0")
	for i := range set.Spec.Replicas {
		pod := fmt.Sprintf("framegate-%d", i)
		if !strings.Contains(settings.Data["framegate.yaml"], `"`+pod+"."+set.Spec.ServiceName+`:7421"`) {
			t.Errorf("%s is no seed", pod)
		}
		expectConfigured(t, settings, p, c, pod, map[string]string{"/run/framegate-token": say("cluster", "token", pod)})
	}
}

// expectPod expects a pod of one container that the objects of those names lead to and the
// image fits, and gives the container.
func expectPod(t *testing.T, objects map[string]object, governs string, selects ...string) container {
	t.Helper()
	set, service := objects["StatefulSet framegate"], objects["Service framegate"]
	labels, p := set.Spec.Template.Metadata.Labels, set.Spec.Template.Spec
	if p.Links || p.SecurityContext.Changes != "OnRootMismatch" {
		t.Errorf("a pod that begins anew gets variables of services, or folders whose modes are changed: %+v", p)
	}
	if len(p.Containers) != 1 || len(labels) == 0 || set.Spec.ServiceName != governs || objects["Service "+governs].Kind == "" {
		t.Fatalf("no pod with one container that the service leads to: %+v", set)
	}
	selected := []any{set.Spec.Selector["matchLabels"]}
	for _, name := range selects {
		of := objects[name].Spec.Selector
		if match, set := of["matchLabels"]; set {
			selected = append(selected, match)
			continue
		}
		selected = append(selected, of)
	}
	for _, s := range selected {
		if diff := cmp.Diff(any(labels), s); diff != "" {
			t.Errorf("a selector is not the pod's labels: %s", diff)
		}
	}
	c := p.Containers[0]
	if c.Ports[0].Number != 8080 || !strings.Contains(contentOf(t, dockerfile), "\nEXPOSE 8080\n") || service.Spec.Ports[0].TargetPort != c.Ports[0].Name {
		t.Errorf("the service leads to another port than the image's: %+v, %+v", service.Spec.Ports, c.Ports)
	}
	if p.SecurityContext.RunAsUser != 10001 || !strings.Contains(contentOf(t, dockerfile), "\nUSER 10001:10001\n") {
		t.Errorf("it runs as user %d", p.SecurityContext.RunAsUser)
	}
	if c.SecurityContext["readOnlyRootFilesystem"] != true || c.SecurityContext["allowPrivilegeEscalation"] != false {
		t.Errorf("it may do more than it has to: %v", c.SecurityContext)
	}
	expectMounts(t, set, c)
	s := rig.Start(t, "")
	for _, probed := range []probe{c.Startup, c.Liveness, c.Readiness} {
		if probed.HTTPGet.Port != c.Ports[0].Name || s.Get(t, probed.HTTPGet.Path, rig.Credentials{}).StatusCode != http.StatusOK {
			t.Errorf("%+v finds nothing", probed)
		}
	}
	return c
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
// nothing wrong with that in a pod of that name, which has the image's variables and its own,
// files besides, and volumes that its group may write to.
func expectConfigured(t *testing.T, settings object, p pod, c container, name string, files map[string]string) {
	t.Helper()
	folder, file := path.Split(c.Args[len(c.Args)-1])
	if v := p.Volumes[0]; v.ConfigMap.Name != settings.Metadata.Name || !slices.Contains(c.Mounts, mount{Name: v.Name, Path: path.Clean(folder)}) || settings.Data[file] == "" {
		t.Fatalf("nothing is mounted as %s%s", folder, file)
	}
	root := t.TempDir()
	var moved []string // where what is in the pod is here
	for _, of := range imageFolders(t) {
		if err := errors.Join(os.MkdirAll(root+of, 0o700), os.Chmod(root+of, 0o2770)); err != nil {
			t.Fatal(err)
		}
		moved = append(moved, "="+of, "="+root+of)
	}
	for of, content := range files {
		if err := errors.Join(os.MkdirAll(path.Dir(root+of), 0o700), os.WriteFile(root+of, []byte(content), 0o440)); err != nil {
			t.Fatal(err)
		}
		moved = append(moved, "="+of, "="+root+of)
	}
	given := filepath.Join(t.TempDir(), file)
	if err := os.WriteFile(given, []byte(strings.ReplaceAll(settings.Data[file], "dir: /", "dir: "+root+"/")), 0o600); err != nil {
		t.Fatal(err)
	}
	variables := slices.DeleteFunc(imageVariables(t), func(v string) bool { return strings.HasPrefix(v, "PATH=") })
	for _, v := range c.Env {
		if v.From.Field.Path == "metadata.name" {
			v.Value = name
		}
		variables = append(variables, v.Name+"="+strings.ReplaceAll(v.Value, "$(POD_NAME)", name))
	}
	for i, v := range variables {
		variables[i] = strings.NewReplacer(moved...).Replace(v)
	}
	expectGood(t, variables, given)
}
