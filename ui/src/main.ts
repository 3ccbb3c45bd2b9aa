import "./styles/index.css";

import { mount } from "svelte";

import App from "./App.svelte";
import { findHost } from "./platform";

const target = document.getElementById("app");
if (target) mount(App, { target, props: { host: await findHost() } });
