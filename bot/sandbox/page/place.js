// Where a person acts, for the elements that stand there: what happens when one is clicked, chosen or typed into.

import { post } from "./api.js";
import { toast } from "./dom.js";
import { idOf } from "./elements.js";
import { w } from "./words.js";

let last = Promise.resolve();

/** POST as a person, one after the other in the order things were done; failures are shown and give null. */
export function deed(path, body) {
  last = last.then(async () => {
    try {
      return await post(path, body);
    } catch (error) {
      toast(w(error.message));
      return null;
    }
  });
  return last;
}

/** A place for elements.js. `where` is {channel, ts}, {view} or {home}; `edits` outlives a drawing. */
export function placeOf(world, { where, prefix, values, errors, edits }) {
  const person = world.me;
  return {
    prefix,
    values,
    errors,
    edits,
    names: world.names,
    people: [...world.people.values()],
    channels: world.state.channels,
    async act(block, element, value) {
      const id = idOf(block, element, this);
      const told = edits.get(id);
      // A button is known by its action and value: its block may have been drawn anew, under another id, meanwhile.
      const block_id = element.type === "button" ? undefined : block.block_id;
      const answer = await deed("act", { person, ...where, action_id: element.action_id, block_id, value });
      if (edits.get(id) === told) edits.delete(id);
      return answer;
    },
    async attach(file) {
      const octets = new Uint8Array(await file.arrayBuffer());
      let text = "";
      for (let at = 0; at < octets.length; at += 32768) text += String.fromCharCode(...octets.subarray(at, at + 32768));
      return (await deed("attach", { person, name: file.name, content: btoa(text) }))?.file;
    },
    options(element, query) {
      return deed("options", { person, ...where, action_id: element.action_id, query });
    },
  };
}

/** Tell everything that was typed and not told yet. */
export function flush(place) {
  return Promise.all([...place.edits.values()].map(({ block, element, value }) => place.act(block, element, value || null)));
}
