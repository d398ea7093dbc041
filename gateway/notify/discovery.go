package notify

import (
	"cmp"

	"framegate/gateway/api/events"
)

// entity is what Home Assistant makes of a message on a topic of its discovery
// (https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery). An empty value says
// nothing.
type entity struct {
	Name              *string  `json:"name"` // null is that of the device
	UniqueID          string   `json:"unique_id"`
	StateTopic        string   `json:"state_topic,omitempty"`
	Topic             string   `json:"topic,omitempty"` // of a camera's pictures
	ValueTemplate     string   `json:"value_template,omitempty"`
	DeviceClass       string   `json:"device_class,omitempty"`
	Unit              string   `json:"unit_of_measurement,omitempty"`
	StateClass        string   `json:"state_class,omitempty"`
	Category          string   `json:"entity_category,omitempty"`
	Icon              string   `json:"icon,omitempty"`
	AttributesTopic   string   `json:"json_attributes_topic,omitempty"`
	AvailabilityTopic string   `json:"availability_topic"`
	Device            thing    `json:"device"`
	Origin            producer `json:"origin"`
}

// thing is a device of Home Assistant.
type thing struct {
	Identifiers      []string `json:"identifiers"`
	Name             string   `json:"name"`
	Manufacturer     string   `json:"manufacturer"`
	Model            string   `json:"model,omitempty"`
	Version          string   `json:"sw_version,omitempty"`
	Via              string   `json:"via_device,omitempty"`
	ConfigurationURL string   `json:"configuration_url,omitempty"`
}

// producer is who tells Home Assistant of an entity.
type producer struct {
	Name    string `json:"name"`
	Version string `json:"sw_version,omitempty"`
}

// cameraEntities are those of each camera but its picture.
var cameraEntities = []struct {
	name, label, topic, template, class, icon string
	attributes                                bool
}{
	{name: "connection", label: "Connection", topic: "state", class: "connectivity", attributes: true,
		template: "{{ {'online': 'ON', 'offline': 'OFF'}.get(value, 'None') }}"},
	{name: "recording", label: "Recording", topic: "recording", icon: "mdi:record-rec",
		template: "{{ 'ON' if value in ['recording', 'slow'] else 'OFF' }}"},
	{name: "problem", label: "Problem", topic: "problem", class: "problem", attributes: true},
}

// putDiscovery puts what Home Assistant finds: a device for each camera, and one for the
// server.
func (n namer) putDiscovery(t topics, now *events.Now, address, version string) {
	from := producer{"Framegate", version}
	put := func(component, camera, name, label string, e entity) {
		e.UniqueID = n.thing(camera) + "_" + cmp.Or(name, component)
		e.AvailabilityTopic, e.Origin = n.availability(), from
		if label != "" {
			e.Name = &label
		}
		t[n.discovered(component, camera, name)] = asJSON(e)
	}
	server := thing{Identifiers: []string{n.thing("")}, Name: "Framegate", Manufacturer: "Framegate", Model: "server", Version: version, ConfigurationURL: address}
	put("binary_sensor", "", "trouble", "Trouble", entity{StateTopic: n.Prefix + "/trouble", DeviceClass: "problem", AttributesTopic: n.Prefix + "/troubles", Device: server})
	if now.Disk.Total > 0 {
		put("sensor", "", "disk", "Free for recordings", entity{
			StateTopic: n.Prefix + "/disk", ValueTemplate: "{{ value_json.free }}", Unit: "B", DeviceClass: "data_size", StateClass: "measurement", Category: "diagnostic", Device: server,
		})
	}
	for id, c := range now.Cameras {
		device := thing{Identifiers: []string{n.thing(id)}, Name: c.Name, Manufacturer: "Framegate", Model: "camera", Via: n.thing("")}
		if address != "" {
			device.ConfigurationURL = address + "/camera/" + id
		}
		for _, of := range cameraEntities {
			e := entity{StateTopic: n.of(id, of.topic), ValueTemplate: of.template, DeviceClass: of.class, Icon: of.icon, Device: device}
			if of.attributes {
				e.AttributesTopic = n.of(id, "attributes")
			}
			put("binary_sensor", id, of.name, of.label, e)
		}
		if n.Pictures > 0 {
			put("camera", id, "", "", entity{Topic: n.of(id, "picture"), Device: device})
		}
	}
}
