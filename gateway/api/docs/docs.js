// Shows the OpenAPI document of this server. Whatever it says becomes text,
// never markup.

const methods = ["get", "post", "put", "patch", "delete"];

// element makes one, with attributes and children: texts or elements.
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children.filter((child) => child !== null));
  return made;
}

const code = (text) => element("code", {}, text);

// followed gives what a $ref names.
function followed(api, schema) {
  if (!schema?.$ref) return schema ?? {};
  return schema.$ref.replace("#/", "").split("/").reduce((at, key) => at?.[key], api) ?? {};
}

const nameOf = (schema) => schema?.$ref?.split("/").pop();

// kind says in words what a schema takes; a schema with a name is a link.
function kind(api, schema) {
  const name = nameOf(schema);
  if (name) return element("a", { href: `#schema-${name}` }, name);
  if (!schema || Object.keys(schema).length === 0) return "anything";
  if (schema.oneOf) return element("span", {}, ...schema.oneOf.flatMap((one, i) => (i ? [" or ", kind(api, one)] : [kind(api, one)])));
  if (schema.type === "array") return element("span", {}, "list of ", kind(api, schema.items));
  const types = [].concat(schema.type ?? []).join(" or ");
  return schema.format ? `${types} (${schema.format})` : types;
}

// bounds lists what a value must keep to.
function bounds(schema) {
  const said = [];
  if (schema.enum) said.push(`one of ${schema.enum.join(", ")}`);
  if (schema.minimum !== undefined) said.push(`at least ${schema.minimum}`);
  if (schema.maximum !== undefined) said.push(`at most ${schema.maximum}`);
  if (schema.minLength !== undefined) said.push(`${schema.minLength} characters or more`);
  if (schema.maxLength !== undefined) said.push(`${schema.maxLength} characters or fewer`);
  if (schema.maxItems !== undefined) said.push(`${schema.maxItems} items or fewer`);
  if (schema.readOnly) said.push("only read");
  if (schema.writeOnly) said.push("only written");
  return said.join("; ");
}

// example makes a value that fits a schema.
function example(api, schema, depth = 0) {
  const at = followed(api, schema);
  if (at.examples?.length) return at.examples[0];
  if (at.example !== undefined) return at.example;
  if (at.enum) return at.enum[0];
  const type = [].concat(at.type ?? "")[0];
  if (type === "object" && depth < 6) {
    const shown = Object.entries(at.properties ?? {}).filter(([key]) => key !== "$schema");
    return Object.fromEntries(shown.map(([key, value]) => [key, example(api, value, depth + 1)]));
  }
  if (type === "array") return depth < 6 ? [example(api, at.items, depth + 1)] : [];
  if (type === "integer" || type === "number") return at.minimum ?? 0;
  if (type === "boolean") return false;
  if (at.format === "date-time") return "2026-01-31T12:00:00Z";
  return type === "string" ? "…" : null;
}

// sample gives the example of a body: for a request without what is only
// read, for an answer without what is only written.
function sample(api, schema, without) {
  const value = example(api, schema);
  for (const [key, property] of Object.entries(followed(api, schema).properties ?? {})) {
    if (property[without]) delete value[key];
  }
  return element("pre", {}, JSON.stringify(value, null, 2));
}

function table(heads, rows) {
  const head = element("tr", {}, ...heads.map((text) => element("th", { scope: "col" }, text)));
  const body = rows.map((cells) => element("tr", {}, ...cells.map((cell) => element("td", {}, cell))));
  return element("table", {}, element("thead", {}, head), element("tbody", {}, ...body));
}

// properties is the table of an object's members.
function properties(api, schema) {
  const required = schema.required ?? [];
  const rows = Object.entries(schema.properties ?? {}).map(([key, value]) => {
    const about = [value.description, bounds(value)].filter(Boolean).join(": ");
    return [code(key), kind(api, value), required.includes(key) ? "yes" : "", about];
  });
  return table(["member", "type", "always", "what it is"], rows);
}

function parameters(api, list) {
  if (!list?.length) return null;
  return table(
    ["parameter", "in", "type", "what it is"],
    list.map((p) => [code(p.name), p.in, kind(api, p.schema), [p.description, bounds(p.schema ?? {})].filter(Boolean).join(": ")]),
  );
}

function request(api, body) {
  const schema = body?.content?.["application/json"]?.schema;
  if (!schema) return null;
  return element("div", {}, element("h4", {}, "Send"), element("p", {}, kind(api, schema)), sample(api, schema, "readOnly"));
}

function answers(api, responses) {
  const parts = [element("h4", {}, "Answers")];
  const rows = Object.entries(responses ?? {}).map(([status, response]) => {
    const [type, content] = Object.entries(response.content ?? {})[0] ?? [];
    const body = type ? element("span", {}, kind(api, content.schema), element("span", { class: "faint" }, ` ${type}`)) : "nothing";
    return [code(status), response.description ?? "", body];
  });
  parts.push(table(["status", "meaning", "body"], rows));
  for (const [status, response] of Object.entries(responses ?? {})) {
    const schema = response.content?.["application/json"]?.schema;
    if (schema && status.startsWith("2")) parts.push(sample(api, schema, "writeOnly"));
  }
  return element("div", {}, ...parts);
}

const permissions = {
  public: "Everybody may do this.",
  anybody: "Everybody may do this; whoever is logged in is told more.",
  known: "Whoever is logged in may do this.",
  admin: "Admins may do this.",
  view: "Whoever may view the camera may do this.",
  publish: "Whoever may publish to the camera may do this.",
};

function operation(api, path, method, op) {
  return element(
    "section",
    { class: "operation", id: op.operationId },
    element("h3", {}, op.summary ?? op.operationId),
    element("p", { class: "address" }, element("span", { class: "method" }, method.toUpperCase()), " ", code(path)),
    op.description ? element("p", {}, op.description) : null,
    element("p", { class: "faint" }, permissions[op["x-permission"]] ?? ""),
    parameters(api, op.parameters),
    request(api, op.requestBody),
    answers(api, op.responses),
  );
}

// operations gives all of them, by tag.
function operations(api) {
  const byTag = new Map((api.tags ?? []).map((tag) => [tag.name, { about: tag.description, list: [] }]));
  for (const [path, item] of Object.entries(api.paths ?? {})) {
    for (const method of methods.filter((m) => item[m])) {
      const tag = item[method].tags?.[0] ?? "others";
      if (!byTag.has(tag)) byTag.set(tag, { about: "", list: [] });
      byTag.get(tag).list.push({ path, method, op: item[method] });
    }
  }
  return [...byTag].filter(([, group]) => group.list.length > 0);
}

function show(api) {
  const main = document.getElementById("main");
  const contents = document.getElementById("contents");
  for (const text of (api.info.description ?? "").split("\n\n")) main.append(element("p", {}, text));
  for (const [tag, group] of operations(api)) {
    main.append(element("h2", { id: `tag-${tag}` }, tag), element("p", {}, group.about ?? ""));
    const links = element("ul");
    for (const { path, method, op } of group.list) {
      main.append(operation(api, path, method, op));
      links.append(element("li", {}, element("a", { href: `#${op.operationId}` }, op.summary ?? op.operationId)));
    }
    contents.append(element("h2", {}, tag), links);
  }
  main.append(element("h2", { id: "schemas" }, "Schemas"));
  for (const [name, schema] of Object.entries(api.components?.schemas ?? {})) {
    main.append(element("section", { class: "operation", id: `schema-${name}` }, element("h3", {}, name), properties(api, schema)));
  }
  contents.append(element("h2", {}, element("a", { href: "#schemas" }, "Schemas")));
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

const state = document.getElementById("state");
try {
  const answer = await fetch("openapi.json");
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  show(await answer.json());
  state.replaceChildren("The same as ", element("a", { href: "openapi.json" }, "an OpenAPI 3.1 document"), ".");
} catch (error) {
  state.textContent = `The document cannot be shown: ${error.message}`;
}
