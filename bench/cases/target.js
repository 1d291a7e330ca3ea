const { findModel } = require('../models/models');
const { pathOf } = require('../peers/servers');
const { PROTOCOLS } = require('../protocols/bodies');

/** One row of iris for a server, over V1, or V2 when it does not speak that. */
exports.targetOf = (name) => {
  const model = findModel('iris');
  const protocol = pathOf(name, 'v1') === undefined ? 'v2' : 'v1';
  return { model, target: { protocol, path: pathOf(name, protocol), body: PROTOCOLS[protocol](model, 1) } };
};
